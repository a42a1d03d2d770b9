// The list and the story keep themselves up to date; keys move through the mail; the frame takes another width or mode.
'use strict';

const POLL_MS = 1500;
const PAGE_SIZE = 50;
const $ = (id) => document.getElementById(id);
const mails = $('mails');

// --- new mail and new statuses -------------------------------------------------------------------------------------

function parsed(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}

const shownRow = (row) => document.getElementById(row.querySelector('a').id)?.closest('tr');

// Rows keep their place, and the focus stays where it is: only what changed is replaced.
function update(answer) {
  const fresh = parsed(answer.html);
  const body = mails.querySelector('tbody');
  const newBody = fresh.querySelector('tbody');
  const known = Number(mails.dataset.total);
  mails.dataset.total = answer.total;
  if (!body || !newBody) {
    if (Boolean(body) !== Boolean(newBody)) mails.replaceChildren(fresh);
  } else if (mails.dataset.newest && ![...newBody.rows].some(shownRow)) {
    mails.replaceChildren(fresh);
  } else {
    let place = null;
    for (const row of [...newBody.rows]) {
      const old = shownRow(row);
      if (old) {
        const [before, after] = [old, row].map((one) => one.querySelector('.mail-status'));
        if (before.innerHTML !== after.innerHTML) before.replaceWith(after);
        place = old;
      } else if (mails.dataset.newest) {
        row.classList.add('arrived');
        if (place) place.after(row); else body.prepend(row);
        place = row;
      }
    }
    // What does not fit on the page any more is on the next one.
    while (mails.dataset.newest && body.rows.length > PAGE_SIZE && !body.lastElementChild.matches(':focus-within')) {
      body.lastElementChild.remove();
    }
    const pages = fresh.querySelector('.pagination');
    const shown = mails.querySelector('.pagination');
    if (!shown.contains(document.activeElement) && shown.innerHTML !== pages.innerHTML) shown.replaceWith(pages);
  }
  if (answer.total > known) announce(answer.total - known);
}

function announce(count) {
  $('arrived').textContent = `${count} new email${count === 1 ? '' : 's'}`;
  document.querySelector('[data-open="clear"]').hidden = false;
  // A screen reader says the same words again only where they were gone.
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => { $('arrived').textContent = ''; }, 5000);
}

async function pollList() {
  const response = await fetch(`rows${location.search}`);
  if (response.ok) update(await response.json()); else location.reload();
}

async function pollStory() {
  const story = $('story');
  const response = await fetch(story.dataset.url);
  if (!response.ok || story.contains(document.activeElement)) return;
  const html = await response.text();
  if (html === story.dataset.shown) return;
  story.dataset.shown = html;
  story.innerHTML = html;
  $('status').innerHTML = $('story-title').dataset.status;
}

async function poll() {
  try {
    if (!document.hidden) await (mails ? pollList() : pollStory());
  } catch { /* the inbox was stopped: the page stays as it is */ }
  setTimeout(poll, POLL_MS);
}

// --- keys ----------------------------------------------------------------------------------------------------------

function move(step) {
  const links = [...mails.querySelectorAll('tbody a')];
  const now = links.indexOf(document.activeElement);
  const next = now < 0 ? (step > 0 ? 0 : links.length - 1) : now + step;
  if (links[next]) {
    links[next].focus({ preventScroll: true });
    links[next].closest('tr').scrollIntoView({ block: 'nearest' });
  }
}

function go(selector) {
  const link = document.querySelector(selector);
  if (link) location.assign(link.href);
}

function listKey(event) {
  const inList = mails.contains(document.activeElement);
  if (event.key === 'j' || (event.key === 'ArrowDown' && inList)) move(1);
  else if (event.key === 'k' || (event.key === 'ArrowUp' && inList)) move(-1);
  else if (event.key === '/') $('q').focus();
  else return false;
  return true;
}

function mailKey(event) {
  if (event.key === 'Escape') go('#back');
  else if (event.key === 'j') go('.mail-nav [rel="next"]');
  else if (event.key === 'k') go('.mail-nav [rel="prev"]');
  else return false;
  return true;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.target.matches('input[type="search"]')) {
    if (event.key === 'Escape' && !event.target.value) event.target.blur();
    return;
  }
  if (mails ? listKey(event) : mailKey(event)) event.preventDefault();
});

// --- the frame -----------------------------------------------------------------------------------------------------

function stored(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function picked(name) {
  return document.querySelector(`input[name="${name}"]:checked`).value;
}

function showFrame() {
  const frame = $('frame');
  frame.className = `${picked('width')} ${picked('mode')}`;
  const url = `${frame.dataset.url}?mode=${picked('mode')}${'images' in frame.dataset ? '&images=1' : ''}`;
  // Not `src`, which would add to the history.
  if (url !== frame.dataset.shown) frame.contentWindow.location.replace(url);
  frame.dataset.shown = url;
}

function startFrame() {
  const narrow = document.querySelector('.frames').clientWidth < 600 ? 'phone' : null;
  for (const [name, value] of [['width', narrow || stored('width')], ['mode', stored('mode')]]) {
    const radio = document.querySelector(`input[name="${name}"][value="${value}"]`);
    if (radio) radio.checked = true;
  }
  $('frame').dataset.shown = `${$('frame').dataset.url}?mode=light`;
  showFrame();
  for (const radio of document.querySelectorAll('.choice input')) {
    radio.addEventListener('change', () => {
      stored(radio.name, radio.value);
      showFrame();
    });
  }
  const images = $('images');
  images?.addEventListener('click', () => {
    $('frame').dataset.images = '';
    showFrame();
    $('blocked').remove();
    document.querySelector('.frames').focus();
  });
  if (images) images.hidden = false;
}

if ($('frame')) startFrame();
document.querySelector('.tabs [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
setTimeout(poll, POLL_MS);
