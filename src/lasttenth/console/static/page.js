// What every page is made of: elements, and values as people read them.
// What the API returns was written by callers and models: it becomes text nodes, never markup.

export const at = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== ''));
  return element;
}

// A name with places where a narrow column may break it.
export function breakable(text) {
  return make('span', {}, ...text.split(/(?<=[/_])/).flatMap((part) => [part, make('wbr')]));
}

export function copier(text, what) {
  const button = make('button', { type: 'button', className: 'copy', textContent: 'Copy' });
  button.setAttribute('aria-label', `Copy ${what}`);
  button.addEventListener('click', async () => {
    button.textContent = (await copy(text)) ? 'Copied' : 'Not copied';
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
  return button;
}

async function copy(text) {
  // Browsers offer the clipboard to encrypted pages and to localhost alone.
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const field = make('textarea', { value: text });
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}

export function factList(facts) {
  const shown = facts.filter(([, value]) => value !== '' && value !== null);
  return make('dl', {}, ...shown.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]));
}

export function hash(value, what) {
  return make('span', {}, make('span', { className: 'hash', title: value }, value.slice(0, 12)), copier(value, what));
}

export function bar(offset, share, failed = false) {
  const filled = make('div', { className: failed ? 'failed' : '' });
  filled.style.left = `${Math.min(offset * 100, 99.5)}%`;
  filled.style.width = `${Math.min(share, 1 - offset) * 100}%`;
  return make('div', { className: 'track' }, filled);
}

function dollars(nanos) {
  if (nanos === null) return '?';
  const value = nanos / 1e9;
  if (nanos === 0) return '$0';
  return Math.abs(value) >= 0.0001 ? `$${value.toFixed(4)}` : `$${value.toFixed(9).replace(/0+$/, '')}`;
}

export function duration(nanos) {
  const milliseconds = nanos / 1e6;
  if (milliseconds < 100) return `${Number(milliseconds.toPrecision(2))} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  return seconds < 60 ? `${seconds.toFixed(2)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function moment(nanos) {
  const date = new Date(Number(BigInt(nanos) / 1_000_000n));
  const clock = date.toLocaleTimeString([], { hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const today = date.toDateString() === new Date().toDateString();
  const day = today ? '' : make('span', {}, date.toLocaleDateString());
  return make('time', { dateTime: date.toISOString(), title: date.toISOString() }, day, ' ', make('span', {}, clock));
}

export function outcome({ status, error }) {
  return status === 'ok' ? 'ok' : make('span', { className: 'error' }, error ? breakable(`Error: ${error}`) : 'Error');
}

export function price(cost) {
  return make('span', { title: cost === null ? 'No price is known for this.' : `${cost} nano-dollars` }, dollars(cost));
}

export function pretty(text) {
  // Numbers stay the digits that were sent: a parsed and rewritten one may differ.
  try { JSON.parse(text); } catch { return text; }
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  return text.replace(/"(?:\\.|[^"\\])*"|[{[]\s*[}\]]|[{[]|[}\]]|,|:|\s+/g, (token) => {
    if (token[0] === '"') return JSON.stringify(JSON.parse(token));
    if (token === '{' || token === '[') { depth += 1; return token + line(); }
    if (token === '}' || token === ']') { depth -= 1; return line() + token; }
    if (token === ',') return token + line();
    return token === ':' ? ': ' : token.replace(/\s+/g, '');
  });
}

// A part of an address that is no text stays as it is.
export function decoded(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}
