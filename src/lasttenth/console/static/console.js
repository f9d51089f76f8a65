// The console: the latest traces at /, one trace at /traces/{trace}.
// This part knows the way about, the key and the server's health.

import { ApiError, KEY, api } from './api.js';
import { loadOlder, refresh, sift } from './list.js';
import { at, decoded, make } from './page.js';
import { choose, isTrace, readTrace, turnTo } from './trace.js';

const POLL = 2000; // milliseconds between looks at the server while the page is visible
const left = { scroll: 0, link: null }; // where the list was left

async function attempt(work) {
  try {
    await work();
    at('trouble').hidden = true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    at('trouble').hidden = false;
    at('trouble').textContent = error.message;
    if ([401, 403].includes(error.status)) askForKey();
  }
}

function askForKey() {
  at('door').hidden = false;
  at('key').focus();
}

async function showStatus() {
  const { version, project, recording } = await api('/api/status');
  const faults = [];
  if (recording.failing) faults.push(`Recording fails: ${recording.waiting} spans wait.`);
  if (recording.spilled) faults.push(`${recording.spilled} spans are in the spill file.`);
  if (recording.dropped) faults.push(`${recording.dropped} spans were dropped.`);
  const health = make('span', { className: faults.length ? 'error' : '' }, faults.join(' ') || 'recording works');
  at('status').replaceChildren(`${version} · project ${project} · `, health);
}

function route() {
  const trace = traceOf(location.pathname);
  if (trace && isTrace(trace)) {
    choose();
    return;
  }
  if (trace && !at('list').hidden) Object.assign(left, { scroll: scrollY, link: document.activeElement });
  at('list').hidden = trace !== '';
  at('trace').hidden = trace === '';
  document.title = 'Lasttenth';
  turnTo(trace);
  scrollTo(0, trace ? 0 : left.scroll);
  if (!trace) left.link?.focus({ preventScroll: true });
  attempt(look);
}

const traceOf = (path) => decoded(/^\/traces\/([^/]+)$/.exec(path)?.[1] ?? '');
const look = () => (at('trace').hidden ? refresh() : readTrace());

function go(path) {
  history.pushState(null, '', path);
  route();
}

function step(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const onTrace = !at('trace').hidden;
  const table = at(onTrace ? 'spans' : 'rows');
  const inside = table?.contains(document.activeElement);
  const idle = !onTrace && [document.body, at('filter')].includes(document.activeElement);
  if (!by || !(inside || idle)) return;
  const links = [...table.querySelectorAll('tr:not([hidden]) a')];
  const inView = links.findIndex((link) => link.getBoundingClientRect().top > 0);
  const from = inside ? links.indexOf(document.activeElement) + by : inView;
  const next = links[Math.min(Math.max(from, 0), links.length - 1)];
  event.preventDefault();
  next?.focus();
  if (onTrace && next) {
    history.replaceState(null, '', next.hash);
    choose();
  }
}

const isModified = (event) => event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;

function listen() {
  history.scrollRestoration = 'manual';
  addEventListener('popstate', route);
  addEventListener('keydown', (event) => {
    if (isModified(event)) return;
    if (event.key === 'Escape' && !at('trace').hidden && !event.target.closest?.('input')) go('/');
    else step(event);
  });
  addEventListener('click', (event) => {
    if (event.button || isModified(event)) return; // a new tab is the browser's matter
    const link = event.target.closest?.('a') ?? event.target.closest?.('#rows tr, #spans tr')?.querySelector('a');
    if (!link || (link !== event.target && !getSelection().isCollapsed)) return;
    event.preventDefault();
    go(link.getAttribute('href'));
  });
  at('filter').addEventListener('input', sift);
  at('older').addEventListener('click', () => attempt(loadOlder));
  at('door').addEventListener('submit', (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, at('key').value.trim());
    at('door').hidden = true;
    attempt(lookAround);
  });
}

async function tick() {
  // Who is asked for a key answers before the next look.
  if (!document.hidden && at('door').hidden) await attempt(lookAround);
  setTimeout(tick, POLL);
}

async function lookAround() {
  await showStatus();
  await look();
}

at('call').textContent = `curl ${location.origin}/v1/chat/completions --json `
  + `'{"model": "scripted/echo", "messages": [{"role": "user", "content": "Hello."}]}'`;
listen();
route();
tick();
