// One trace: its spans as a tree with a bar of time each, and the details of the one that is chosen.

import { api } from './api.js';
import { at, bar, copier, decoded, duration, make, moment, outcome, price } from './page.js';
import { spanDetails } from './span.js';

const SLICE = 200; // spans that are drawn at once
const LOOKS = 30; // how often a trace without its root is read again

const view = { trace: '', looks: 0, root: false, nodes: [], drawn: 0, start: 0n, length: 1 };

export const isTrace = (trace) => trace === view.trace;

// Turn to a trace, or with '' to none.
export function turnTo(trace) {
  Object.assign(view, { trace, looks: 0, root: false, nodes: [] });
  at('trace').replaceChildren();
}

// Read the trace, again and again until its root is there: a span is stored when it ends, so the root comes last.
export async function readTrace() {
  if (view.root || view.looks >= LOOKS) return;
  const trace = view.trace;
  const spans = await api(`/api/traces/${encodeURIComponent(trace)}`).catch(refused);
  if (trace !== view.trace) return; // left meanwhile
  view.looks += 1;
  if (spans instanceof Error) {
    at('trace').replaceChildren(back(), make('p', { className: 'error' }, spans.message));
    return;
  }
  view.root = spans.some((span) => span.parent_id === '');
  if (spans.length === view.nodes.length) return;
  const isFirst = view.nodes.length === 0;
  showTrace(spans);
  if (isFirst) at('spans').querySelector('.chosen a').focus({ preventScroll: true });
}

function refused(error) {
  if (error.status === 404 || error.status === 400) return error;
  throw error;
}

const back = () => make('p', { className: 'facts' }, make('a', { href: '/' }, '← Traces'));

function showTrace(spans) {
  view.nodes = inOrder(spans);
  view.drawn = 0;
  const root = view.nodes[0].span;
  const starts = spans.map(({ start }) => BigInt(start));
  view.start = starts.reduce((one, other) => (other < one ? other : one));
  view.length = Math.max(...view.nodes.map(({ span }) => Number(BigInt(span.end) - view.start)), 1);
  const parts = make('div', { className: 'halves' }, tree(), make('article', { id: 'span' }));
  parts.lastChild.setAttribute('aria-label', 'The chosen span');
  at('trace').replaceChildren(back(), make('h1', {}, root.name), summary(root, spans.length), parts);
  draw(SLICE);
  choose();
  document.title = `${root.name} · Lasttenth`;
}

function summary(root, count) {
  const counted = `${count.toLocaleString()} ${count === 1 ? 'span' : 'spans'}`;
  const id = make('span', { className: 'hash' }, view.trace);
  return make('p', { className: 'facts' },
    outcome(root), ' · ', moment(String(view.start)), ` · ${duration(view.length)} · `, price(root.cost), ` · ${counted} · `,
    id, copier(view.trace, 'the trace id'),
    view.root ? '' : ' · its root is not stored: it goes on, or was cut off');
}

function tree() {
  const head = make('tr', {}, ...['Span', 'Duration', 'Time'].map((name) => make('th', { scope: 'col' }, name)));
  const table = make('table', {}, make('thead', {}, head), make('tbody', { id: 'spans' }));
  const more = make('button', { id: 'more', type: 'button' });
  more.addEventListener('click', () => draw(view.drawn + SLICE));
  const box = make('div', { className: 'tree' }, table, more);
  new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && more.click(), { root: box }).observe(more);
  return box;
}

function inOrder(spans) {
  const known = new Set(spans.map((span) => span.span_id));
  const below = new Map();
  for (const span of spans) {
    const parent = known.has(span.parent_id) ? span.parent_id : '';
    below.set(parent, below.get(parent) ?? []);
    below.get(parent).push(span);
  }
  const nodes = [];
  const waiting = [];
  const wait = (parent, depth) => {
    for (const span of (below.get(parent) ?? []).reverse()) waiting.push({ span, depth });
    below.delete(parent);
  };
  wait('', 0);
  // Spans that name each other as parents hang on no root: they follow behind the tree.
  while (waiting.length || below.size) {
    if (!waiting.length) wait(below.keys().next().value, 0);
    const node = waiting.pop();
    nodes.push(node);
    wait(node.span.span_id, node.depth + 1);
  }
  return nodes;
}

function draw(end) {
  const slice = view.nodes.slice(view.drawn, end);
  at('spans').append(...slice.map(spanRow));
  view.drawn += slice.length;
  const left = view.nodes.length - view.drawn;
  at('more').hidden = left === 0;
  at('more').textContent = `Show more of ${left.toLocaleString()} spans`;
}

function spanRow({ span, depth }) {
  const link = make('a', { href: `#${encodeURIComponent(span.span_id)}`, title: span.name }, span.name);
  const name = make('td', {}, link, span.status === 'ok' ? '' : ' ', span.status === 'ok' ? '' : outcome(span));
  name.style.paddingLeft = `${Math.min(depth, 20) + 0.3}rem`;
  const took = Number(BigInt(span.end) - BigInt(span.start));
  const offset = Number(BigInt(span.start) - view.start) / view.length;
  const time = make('td', {}, bar(offset, took / view.length, span.status !== 'ok'));
  return make('tr', {}, name, make('td', { className: 'number' }, duration(took)), time);
}

// Show the span that the address names, or the first.
export function choose() {
  if (!view.nodes.length) return;
  const wanted = decoded(location.hash.slice(1));
  const index = Math.max(view.nodes.findIndex(({ span }) => span.span_id === wanted), 0);
  if (index >= view.drawn) draw(index + SLICE);
  for (const row of at('spans').querySelectorAll('.chosen')) mark(row, false);
  const row = at('spans').children[index];
  mark(row, true);
  row.scrollIntoView({ block: 'nearest' });
  at('span').replaceChildren(...spanDetails(view.nodes[index].span));
}

function mark(row, chosen) {
  row.classList.toggle('chosen', chosen);
  row.querySelector('a').ariaCurrent = chosen ? 'true' : null;
}
