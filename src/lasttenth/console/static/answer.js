// What was asked and answered, read from a request and a reply in OpenAI's shape, whole or streamed.

import { make } from './page.js';

export function conversation(span) {
  if (span.operation !== 'task' && span.operation !== 'chat') return [];
  const asked = span.operation === 'task' || span.parent_id === '' ? question(span.input) : '';
  const reply = answer(span.output ?? '');
  const { declined, groundedness } = span.attributes;
  const parts = asked ? [make('h2', {}, 'Question'), make('div', { className: 'said' }, asked)] : [];
  if (reply.text) parts.push(make('h2', {}, 'Answer'), said(reply));
  if (reply.error) parts.push(make('p', { className: 'error' }, reply.error));
  if (declined) parts.push(make('p', { className: 'warning' }, 'Declined: the documents do not answer.'));
  if (typeof groundedness === 'number') {
    parts.push(make('p', {}, `${Math.round(groundedness * 100)} % of the sentences carry a verified quote.`));
  }
  return reply.citations.length ? [...parts, quotes(reply.citations)] : parts;
}

function question(input) {
  let messages;
  try { ({ messages } = JSON.parse(input)); } catch { return ''; }
  const last = Array.isArray(messages) ? messages.findLast((message) => message?.role === 'user') : undefined;
  return textOf(last?.content);
}

function textOf(content) {
  if (Array.isArray(content)) return content.map((part) => part?.text ?? '').join('\n');
  return typeof content === 'string' ? content : '';
}

function answer(output) {
  const reply = { text: '', citations: [], error: '' };
  for (const part of pieces(output)) {
    const choice = part?.choices?.[0];
    const message = choice?.message ?? choice?.delta ?? {};
    reply.text += textOf(message.content ?? message.refusal);
    reply.citations.push(...(message.annotations ?? []).filter((each) => each?.document));
    if (part?.error) reply.error = String(part.error.message ?? 'The model failed.');
  }
  return reply;
}

function* pieces(output) {
  // A whole reply is one JSON object; a stream is server-sent events, each with one.
  const stream = /^\s*(data|event|id|:)/.test(output);
  const events = stream ? output.split(/\r?\n\r?\n/) : [output];
  for (const event of events) {
    // What cannot be read is the end mark of a stream, a keep-alive, or a payload that was cut.
    try { yield JSON.parse(stream ? dataOf(event) : event); } catch { continue; }
  }
}

function dataOf(event) {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
  return lines.map((line) => line.slice('data:'.length)).join('\n');
}

function said({ text, citations }) {
  const box = make('div', { className: 'said' });
  const points = Array.from(text); // offsets count characters, not UTF-16 units
  let done = 0;
  const put = (end, tag, title) => {
    const part = points.slice(done, end).join('');
    if (part) box.append(tag ? make(tag, { title }, part) : part);
    done = Math.max(done, end);
  };
  citations.forEach((citation, index) => {
    const marker = `[${index + 1}]`;
    const end = citation.at + marker.length;
    if (citation.at < done || points.slice(citation.at, end).join('') !== marker) return;
    // An answer that repeats its quote word for word is highlighted with it, another one by its marker alone.
    const before = points.slice(done, citation.at).join('').trimEnd();
    const quoted = before.endsWith(citation.quote) ? Array.from(before).length - Array.from(citation.quote).length : null;
    put(quoted === null ? citation.at : done + quoted);
    put(end, 'mark', `${citation.document}:${citation.line}`);
  });
  put(points.length);
  return box;
}

function quotes(citations) {
  const items = citations.map(({ document: name, line, quote }) =>
    make('li', {}, make('code', {}, `${name}:${line}`), make('blockquote', {}, `“${quote}”`)));
  return make('ol', { className: 'quotes' }, ...items);
}
