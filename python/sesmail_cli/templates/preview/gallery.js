// The preview page. It keeps the user's input per template, requests the rendered email, and checks once a second
// for changed files.
'use strict';

const $ = (id) => document.getElementById(id);
const picked = (name) => document.querySelector(`input[name=${name}]:checked`).value;
const typed = new Map();
let templates = [];
let revision = null;
let rendered = null;
let latest = 0;
let shown = null;

const current = () => templates.find((one) => one.name === decodeURIComponent(location.hash.slice(1))) || templates[0];

function element(tag, text, className = '') {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

// Browsers differ on whether a frame follows the page's colour scheme, so the query is replaced here.
function inMode(html, mode) {
  return html.replace(/\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)/g,
    (_, wanted) => (wanted === mode ? '(min-width: 0px)' : '(max-width: 0px)'));
}

function showList() {
  $('templates').replaceChildren(...templates.map((template) => {
    const link = element('a', template.name);
    link.href = `#${encodeURIComponent(template.name)}`;
    if (template === current()) link.setAttribute('aria-current', 'page');
    if (template.findings.length) {
      const count = element('span', String(template.findings.length), 'count');
      count.setAttribute('aria-label', `${template.findings.length} findings`);
      link.append(' ', count);
    }
    const item = document.createElement('li');
    item.append(link);
    return item;
  }));
}

function options(select, names, chosen) {
  select.replaceChildren(...names.map(([value, text]) => new Option(text, value, false, value === chosen)));
}

function showTemplate() {
  const template = current();
  showList();
  if (!template) {
    $('state').textContent = 'No templates found.';
    return;
  }
  document.title = `${template.name} · SESMail templates`;
  $('name').textContent = template.name;
  $('about').textContent = [template.description, template.version && `Version ${template.version}.`,
    template.sensitive && 'Sensitive: never kept for a retry.'].filter(Boolean).join(' ');
  const samples = Object.keys(template.samples);
  const kept = shown === template.name ? [$('sample').value, $('locale').value] : [];
  const sample = samples.includes(kept[0]) ? kept[0] : samples[0];
  const locale = template.locales.includes(kept[1]) ? kept[1] : '';
  shown = template.name;
  options($('sample'), samples.map((name) => [name, name]), sample);
  options($('locale'), [['', 'default'], ...template.locales.map((name) => [name, name])], locale);
  $('data').value = typed.get(template.name) ?? template.samples[sample];
  showFindings(template);
  render();
}

function showFindings(template) {
  $('findings').replaceChildren(...(template.findings.length ? template.findings : [null]).map((finding) => {
    if (!finding) return element('li', 'No findings.');
    const item = document.createElement('li');
    const place = finding.line ? `${finding.file}:${finding.line}` : finding.file;
    item.append(element('strong', finding.severity, finding.severity), ` ${place} (${finding.rule}): ${finding.message}`);
    if (finding.source.trim()) item.append(element('code', finding.source.trim().slice(0, 200)));
    return item;
  }));
}

async function render() {
  const template = current();
  if (!template) return;
  const number = (latest += 1);
  const request = { name: template.name, data: $('data').value, locale: $('locale').value };
  const response = await fetch('/api/render', { method: 'POST', body: JSON.stringify(request) });
  const answer = await response.json();
  if (number !== latest) return;
  $('error').hidden = !answer.error;
  if (answer.error) {
    $('error-code').textContent = answer.error.code;
    $('error-message').textContent = answer.error.message;
    $('error-type').textContent = answer.error.errorType && `errorType: ${answer.error.errorType}`;
  }
  rendered = answer.error ? null : answer;
  showEmail();
}

function showEmail() {
  const part = picked('part');
  const width = picked('width');
  $('frames').hidden = !rendered;
  $('headers').hidden = !rendered;
  if (!rendered) return;
  $('headers').replaceChildren(...rendered.headers.flatMap(([name, value]) => [element('dt', name), element('dd', value)]));
  $('text').hidden = part !== 'text';
  $('text').textContent = rendered.text;
  const mode = picked('mode');
  for (const id of ['desktop', 'phone']) {
    const frame = $(id);
    frame.hidden = part !== 'html' || (width !== id && width !== 'both');
    frame.style.colorScheme = mode;
    const html = inMode(rendered.html, mode);
    if (!frame.hidden && frame.srcdoc !== html) frame.srcdoc = html;
  }
  $('state').textContent = `${Math.ceil(rendered.size / 1024)} KB as a message`;
}

async function load() {
  templates = await (await fetch('/api/templates')).json();
  showTemplate();
}

async function watch() {
  try {
    const seen = await (await fetch('/api/revision')).json();
    if (revision !== null && seen !== revision) await load();
    revision = seen;
  } catch {
    $('state').textContent = 'The preview has stopped. Start it again: sesmail template preview';
  }
  setTimeout(watch, 1000);
}

let waiting = 0;
$('data').addEventListener('input', () => {
  typed.set(current().name, $('data').value);
  clearTimeout(waiting);
  waiting = setTimeout(render, 250);
});
$('sample').addEventListener('change', () => {
  const template = current();
  typed.delete(template.name);
  $('data').value = template.samples[$('sample').value];
  render();
});
$('locale').addEventListener('change', render);
$('reload').addEventListener('click', load);
document.querySelectorAll('input[type=radio]').forEach((radio) => radio.addEventListener('change', showEmail));
addEventListener('hashchange', showTemplate);
load().then(watch);
