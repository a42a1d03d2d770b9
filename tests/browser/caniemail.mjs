// Asks the npm package `caniemail` about the HTML on standard input; answers {title: [clients]} of what is unsupported.
import { caniemail } from 'caniemail';
import { readFileSync } from 'node:fs';

const clients = ['gmail.*', 'outlook.windows', 'apple-mail.*'];
const { issues } = caniemail({ clients, html: readFileSync(0, 'utf8') });
const unsupported = {};
for (const [client, found] of issues.errors) {
  for (const { title } of found) unsupported[title] = [...new Set([...(unsupported[title] ?? []), client])];
}
console.log(JSON.stringify(unsupported));
