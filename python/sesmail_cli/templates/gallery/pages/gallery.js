// What the gallery does by itself. Without it, forms are sent by their buttons, and a page is loaded again by hand.
'use strict';

document.documentElement.classList.add('scripted');

const gallery = document.querySelector('[data-gallery]');
let latest = 0;

function announce(text) {
  document.getElementById('gallery-state').textContent = text;
}

// Each part that depends on the data is taken from the new page. The one that is being typed in stays as it is, and
// frames with the same email are not loaded again.
function adopt(page) {
  for (const part of page.querySelectorAll('[data-live]')) {
    const now = document.querySelector(`[data-live="${part.dataset.live}"]`);
    const isSame = part.querySelector('iframe') && now.outerHTML === part.outerHTML;
    if (isSame || now.contains(document.activeElement)) continue;
    for (const details of now.querySelectorAll('details[open]')) {
      part.querySelector('details')?.setAttribute('open', details.getAttribute('open'));
    }
    now.replaceWith(part);
  }
}

async function show(url, options) {
  const number = (latest += 1);
  let answer;
  try {
    answer = await fetch(url, options);
  } catch {
    announce('The gallery has stopped. Start its command again.');
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (number !== latest) return;
  if (page.querySelector('[data-reading]')) location.assign(answer.url);
  if (!page.querySelector('[data-gallery]')) return;
  adopt(page);
  history.replaceState(null, '', answer.url);
}

const fieldsOf = (form) => new URLSearchParams(new FormData(form));

let waiting = 0;
gallery?.addEventListener('input', (event) => {
  const form = event.target.closest('form[data-editor]');
  if (!form) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => show(form.action, { method: 'POST', body: fieldsOf(form) }), 250);
});

// A choice keeps the focus, so its own form is not replaced; what it sends is read from it each time.
gallery?.addEventListener('change', (event) => {
  const form = event.target.closest('form[data-controls]');
  if (form) show(`${form.action}?${fieldsOf(form)}`);
});

// A folder's files are looked at once a second while the page is visible.
async function watch(url, isChanged) {
  let seen = await (await fetch(url)).text();
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const revision = await (await fetch(url)).text();
      if (revision !== seen) {
        seen = revision;
        isChanged();
      }
    } catch {
      announce('The gallery has stopped. Start its command again.');
    }
  }, 1000);
}

if (gallery?.dataset.watch) watch(gallery.dataset.watch, () => show(location.href));
const all = document.querySelector('[data-watch-all]');
if (all) watch(all.dataset.watchAll, () => location.reload());
