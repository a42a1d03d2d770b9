// What pages of the console do by themselves. Without it they work, too: every link and form is the server's.
'use strict';

// The part of a page that is kept up to date while the page is visible: [data-refresh-seconds].
const live = document.querySelector('[data-refresh-seconds]');
if (live) {
  const seconds = Number(live.dataset.refreshSeconds);
  setInterval(async () => {
    if (document.hidden || live.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      // What was counted in steps stays: it takes many requests.
      const counted = document.querySelector('#held:has([data-again])');
      if (counted) page.querySelector('[data-load]')?.replaceWith(counted);
      live.replaceChildren(...page.getElementById(live.id).childNodes);
      loadParts();
    } catch { /* the console was stopped: the page stays as it is */ }
  }, seconds * 1000);
}

// A part that is counted in steps, each a page of its own: [data-load]. It stops after some; a link goes on.
const mostSteps = 20;
async function load(part, address, steps) {
  for (let step = 0; address && step < steps; step += 1) {
    const answer = await fetch(address);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const newer = page.getElementById(part.id);
    const hadFocus = part.contains(document.activeElement);
    part.replaceWith(newer);
    part = newer;
    address = part.querySelector('[rel="next"]')?.href;
    if (hadFocus) part.querySelector('[data-again]')?.focus();
  }
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('#held :is([rel="next"], [data-again])');
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  load(document.getElementById('held'), link.href, mostSteps);
});
function loadParts() {
  const part = document.querySelector('[data-load]');
  if (part) load(part, part.dataset.load, mostSteps);
}
loadParts();

// On a narrow page the navigation scrolls: show the section that is open.
const here = document.querySelector('.nav [aria-current]');
if (here) here.parentElement.scrollLeft = here.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2;

document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const field = document.querySelector('[aria-keyshortcuts="/"]');
    if (!field) return;
    event.preventDefault();
    field.focus();
  }
});

// A search goes on by itself until a page is full or the period is searched. Each step is a page of its own, so that
// no step reads much; a button stops it. Without being asked, it takes a few steps only.
const foot = document.getElementById('foot');
const fewRows = 10;
const fewSteps = 10;

async function searchOn(isAsked) {
  const body = document.querySelector('#found tbody');
  const button = document.createElement('button');
  let stopped = false;
  button.type = 'button';
  button.className = 'button';
  button.textContent = 'Stop';
  button.addEventListener('click', () => { stopped = true; });
  const wanted = isAsked ? body.rows.length + Number(foot.dataset.wanted) : fewRows;
  let more = document.getElementById('more');
  more.replaceWith(button);
  if (isAsked) button.focus();
  for (let step = 0; more && !stopped && body.rows.length < wanted && (isAsked || step < fewSteps); step += 1) {
    const answer = await fetch(more.href);
    if (!answer.ok) break;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    body.append(...page.querySelectorAll('#found tbody tr'));
    document.getElementById('found').hidden = body.rows.length === 0;
    document.getElementById('reached').textContent = page.getElementById('reached').textContent;
    more = page.getElementById('more');
  }
  const hasFocus = document.activeElement === button;
  if (more) {
    button.replaceWith(more);
    if (hasFocus) more.focus();
    return;
  }
  button.remove();
  document.getElementById('reached').textContent = `${body.rows.length} found; the whole period was searched.`;
}

foot?.addEventListener('click', (event) => {
  if (event.target.id !== 'more' || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  searchOn(true);
});
if (document.getElementById('more') && document.querySelectorAll('#found tbody tr').length < fewRows) searchOn(false);
