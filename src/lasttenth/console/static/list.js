// The list of the latest traces: it grows at its top by itself, and at its end by a button.

import { api } from './api.js';
import { at, breakable, duration, make, moment, outcome, price } from './page.js';

const PAGE = 50; // traces of one page
const CATCH = 100; // traces that one look may bring
const OVERLAP = 600_000_000_000n; // ns: a trace is stored when it ends, so it may have begun this long before the newest
const KEPT = 1000; // rows of a list that grows by itself

const rows = new Map(); // by trace and start: several roots may share one trace

function rowOf(summary) {
  const { trace_id: trace, task, model, input_tokens: taken, output_tokens: given } = summary;
  const link = make('a', { href: `/traces/${encodeURIComponent(trace)}` }, breakable(summary.name || trace));
  const tokens = taken === null ? '' : make('span', { title: `${taken} in, ${given ?? 0} out` }, `${taken} + ${given ?? 0}`);
  const answered = task ? [`task/${task} `, make('span', { className: 'dim' }, model)] : [model];
  const cell = (className, ...children) => make('td', { className }, ...children);
  return make('tr', {},
    cell('', moment(summary.start)), cell('', link), cell('', outcome(summary)), cell('wide', ...answered),
    cell('number', duration(summary.duration)), cell('number wide', tokens), cell('number', price(summary.cost)),
    cell('wide hash', make('span', { title: trace }, trace.slice(-8))));
}

const nameOf = (summary) => `${summary.trace_id} ${summary.start}`;
const newestFirst = () => [...rows.values()].sort((one, other) => (one.start < other.start ? 1 : -1));

function add(summaries) {
  for (const summary of summaries) {
    const { trace_id: trace, name, status, error, model, task } = summary;
    const words = `${name}\n${status}\n${error}\n${model}\ntask/${task}\n${trace}`.toLowerCase();
    if (!rows.has(nameOf(summary))) rows.set(nameOf(summary), { start: BigInt(summary.start), words, row: rowOf(summary) });
  }
  // From the oldest up, so that a row that stands where it belongs is never moved.
  let below = null;
  for (const { row } of newestFirst().reverse()) {
    if (!row.isConnected || row.nextSibling !== below) at('rows').insertBefore(row, below);
    below = row;
  }
  sift();
}

function forget(entries) {
  for (const [name, { row }] of entries) {
    row.remove();
    rows.delete(name);
    at('older').hidden = false;
  }
}

export function sift() {
  const sought = at('filter').value.trim().toLowerCase();
  let visible = 0;
  for (const { words, row } of rows.values()) {
    row.hidden = !words.includes(sought);
    visible += !row.hidden;
  }
  at('count').textContent = sought ? `${visible} of ${rows.size} loaded` : `${rows.size} loaded`;
  at('empty').hidden = rows.size > 0;
}

export async function refresh() {
  const newest = newestFirst()[0]?.start;
  const found = newest === undefined
    ? await api(`/api/traces?limit=${PAGE}`)
    : await api(`/api/traces?limit=${CATCH}&after=${newest > OVERLAP ? newest - OVERLAP : 0}`);
  const unseen = found.filter((summary) => !rows.has(nameOf(summary)));
  if (newest === undefined) at('older').hidden = found.length < PAGE;
  const missed = newest !== undefined && unseen.length === CATCH;
  at('fresh').onclick = () => { take(unseen, missed); scrollTo(0, 0); };
  if (newest === undefined || !isRead()) take(unseen, missed);
  else offer(unseen.length);
}

function offer(count) {
  at('fresh').hidden = count === 0;
  at('fresh').textContent = count === CATCH ? `Show ${count} or more new traces` : `Show ${count} new`;
}

function take(unseen, missed) {
  // Where more came than one look brings, the list would have a hole: it begins anew, and its end comes back by the button.
  if (missed) forget([...rows]);
  add(unseen);
  if (unseen.length) forget([...rows].sort(([, one], [, other]) => (one.start < other.start ? 1 : -1)).slice(KEPT));
  sift();
  offer(0);
}

function isRead() {
  const selected = !(getSelection()?.isCollapsed ?? true);
  return scrollY > 0 || selected || at('rows').matches(':hover, :focus-within');
}

export async function loadOlder() {
  const found = await api(`/api/traces?limit=${PAGE}&before=${newestFirst().at(-1).start}`);
  add(found);
  at('older').hidden = found.length < PAGE;
}
