// The details of one span.

import { conversation } from './answer.js';
import { bar, copier, duration, factList, hash, make, outcome, pretty, price } from './page.js';

const LONG = 4000; // characters of a payload that is not unfolded at first
const SHOWN = 1_000_000; // characters of a payload that are shown at most

export function spanDetails(span) {
  const { assignment: chosen, usage, attributes } = span;
  const took = Number(BigInt(span.end) - BigInt(span.start));
  const facts = factList([
    ['status', outcome(span)], ['duration', duration(took)],
    ['first token', span.first_token === null ? '' : duration(span.first_token)],
    ['model', span.model],
    ['task', chosen ? `task/${chosen.task}${chosen.pointer ? `@${chosen.pointer}` : ''}` : ''],
    ['release', chosen ? hash(chosen.release, 'the release hash') : ''],
    ['environment', chosen ? hash(chosen.environment, 'the environment hash') : ''],
    ['assigned with', chosen ? `probability ${chosen.probability ?? 1}` : ''],
    ['unit', span.unit ? `${span.unit} (from: ${span.unit_source})` : ''],
    ...Object.entries(usage ?? {}).map(([name, count]) => [name.replaceAll('_', ' '), count.toLocaleString()]),
    ['cost', usage || span.cost !== null ? price(span.cost) : ''], ['price list', span.price_version],
    ...Object.entries(attributes).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    ['span', hash(span.span_id, 'the span id')],
  ]);
  const payloads = [['Input', span.input], ['Output', span.output]].filter(([, text]) => text !== null);
  return [...conversation(span), make('h2', {}, span.name), facts, ...stages(span.stages, took),
    ...payloads.map(([name, text]) => payload(name, text))];
}

function stages(spent, took) {
  let offset = 0;
  const lines = Object.entries(spent).map(([name, nanos]) => {
    const share = took ? nanos / took : 0;
    offset += share;
    return make('tr', {}, make('th', { scope: 'row' }, name), make('td', { className: 'number' }, duration(nanos)),
      make('td', {}, bar(Math.max(offset - share, 0), share)));
  });
  return lines.length ? [make('h2', {}, 'Stages'), make('table', { className: 'stages' }, make('tbody', {}, ...lines))] : [];
}

function payload(name, text) {
  const body = make('pre', { tabIndex: 0, role: 'region' });
  body.setAttribute('aria-label', name);
  const summary = make('summary', {}, `${name} · ${text.length.toLocaleString()} characters`);
  const rest = text.length > SHOWN ? make('p', { className: 'dim' }, 'The beginning is shown; a copy has everything.') : '';
  const box = make('details', {}, summary, body, rest);
  box.addEventListener('toggle', () => (body.textContent ||= pretty(text).slice(0, SHOWN)));
  box.open = text.length <= LONG;
  return make('div', { className: 'payload' }, box, copier(text, `the ${name.toLowerCase()}`));
}
