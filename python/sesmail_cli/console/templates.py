"""Templates: those that are installed, and each as an email with its sample data or yours."""

from __future__ import annotations

import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.console.times import local_time
from sesmail_cli.console.view import REQUESTS_PER_PAGE, Place, Route, View
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.templates.installed_files import InstalledFiles, InstalledTemplate
from sesmail_cli.templates.preview.gallery import error_answer
from sesmail_cli.templates.preview.worker import Worker, WorkerError
from sesmail_cli.web.pages import size
from sesmail_cli.web.server import Response, redirect
from sesmail_layer.domain.template.files import METADATA

PLACE = Place("templates", "Templates")
VIEWS = {"html": "HTML", "text": "Text", "headers": "Headers"}
# Nothing in an email runs, is sent or fetched, or replaces the page around it.
_FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)")
_FILES_A_PAGE = REQUESTS_PER_PAGE - 1
"""Files that a page reads, after it has listed them."""
_KEPT = 50
_LONGEST_DATA = 200_000


class TemplatePages:
    """The pages of templates. Emails are rendered by a process of its own, with the sender's code and limits."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._data: OrderedDict[str, str] = OrderedDict()
        # Where this fails, the first page asks again, and shows the error.
        with suppress(BotoCoreError, ClientError):
            _ = self._bucket

    @cached_property
    def _bucket(self) -> str:
        return self._engine.template_bucket

    @cached_property
    def _files(self) -> InstalledFiles:
        return InstalledFiles(self._engine.s3, self._bucket)

    @cached_property
    def _worker(self) -> Worker:
        return Worker(str(self._files.folder))

    @property
    def routes(self) -> tuple[Route, ...]:
        return (
            (PLACE.path, self.show_all),
            (rf"{PLACE.path}/([^/]+)", self.show),
            (rf"{PLACE.path}/([^/]+)/email", self.frame),
        )

    @property
    def posts(self) -> tuple[Route, ...]:
        return ((rf"{PLACE.path}/([^/]+)", self.keep_data),)

    def close(self) -> None:
        if "_worker" in self.__dict__:
            self._worker.close()
        if "_files" in self.__dict__:
            self._files.close()

    def show_all(self, view: View) -> Response:
        templates, more = self._files.list(view.request.query.get("after"))
        return view.page(
            "templates.html",
            place=PLACE.path,
            rows=[_row(view, template) for template in templates],
            more=view.url(PLACE.path, after=more) if more else None,
            command=view.command("template", "preview", f"s3://{self._bucket}"),
        )

    def show(self, view: View, name: str) -> Response:
        """Show one template with a sample's data, or with what was entered."""
        template = self._found(name)
        query = view.request.query
        locale = query.get("locale", "")
        locale = locale if locale in template.locales else ""
        sample = query.get("sample", "")
        sample = sample if sample in template.samples else (template.samples or [""])[0]
        data_id = query.get("data", "") if query.get("data", "") in self._data else ""
        read = self._files.read(template, [METADATA, *([sample] if sample and not data_id else [])])
        metadata = _object(read.get(METADATA, b""))
        shown = query.get("view", "")
        shown = shown if shown in VIEWS else "html"
        given: dict[str, str | None] = {"locale": locale, "sample": sample, "data": data_id}
        given |= {name: query.get(name) for name in ("width", "mode")}
        path = f"{PLACE.path}/{name}"
        return view.page(
            "template.html",
            place=PLACE.path,
            name=name,
            metadata={key: str(metadata.get(key) or "") for key in ("description", "version", "category")},
            installed=template,
            facts_of_template=_facts(template, metadata),
            sample=sample,
            locale=locale,
            width="phone" if query.get("width") == "phone" else "desktop",
            mode="dark" if query.get("mode") == "dark" else "light",
            shown=shown,
            tabs=[(view.url(path, **given, view=one), text, None, one == shown) for one, text in VIEWS.items()],
            data=self._data[data_id] if data_id else self._sample_text(read, sample, metadata),
            data_id=data_id,
            frame=view.url(f"{path}/email", **given, view=shown),
            command=view.command("send-test", "--to", "you@example.com", value=name),
            lint=view.command("template", "lint", f"s3://{self._bucket}/templates/{name}"),
        )

    def keep_data(self, view: View, name: str) -> Response:
        """Keep data that was entered, and show the template with it."""
        fields = dict(view.request.form())
        text = fields.get("data", "")
        if len(text) > _LONGEST_DATA:
            raise UsageError(f"The data has {len(text):,} characters; allowed: {_LONGEST_DATA:,}.")
        data_id = secrets.token_urlsafe(9)
        self._data[data_id] = text
        while len(self._data) > _KEPT:
            self._data.popitem(last=False)
        given = {key: fields.get(key) for key in ("locale", "sample", "view", "width", "mode")}
        return redirect(view.url(f"{PLACE.path}/{name}", **given, data=data_id))

    def frame(self, view: View, name: str) -> Response:
        """Answer with the email itself, for a frame: its HTML, its text, or its headers."""
        template = self._found(name)
        query = view.request.query
        locale = query.get("locale") or None
        data = self._data.get(query.get("data", ""))
        sample = query.get("sample", "")
        sample = sample if data is None and sample in template.samples else ""
        wanted = [*template.to_render(locale), *([sample] if sample else [])]
        if len(unread := self._files.unread(template, wanted)) > _FILES_A_PAGE:
            # A page takes a few requests only: what it read is kept, and the next try needs less.
            self._files.read(template, unread[:_FILES_A_PAGE])
            return redirect(view.url(view.request.path, **dict(query.items())))
        read = self._files.read(template, wanted)
        if sample:
            data = read.get(sample, b"").decode("utf-8-sig", errors="replace")
        if data is None:
            data = self._sample_text({}, "", _object(read.get(METADATA, b"")))
        answer = self._render({"name": name, "data": data, "locale": locale})
        return _framed(view, answer, query)

    def _found(self, name: str) -> InstalledTemplate:
        template = self._files.find(name)
        if template is None:
            raise UsageError(f"There is no template '{name}' in the bucket.")
        return template

    def _render(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = self._worker.ask("render", asked)
        except WorkerError:
            return error_answer("TMPL012", "The template took too long, and was ended")
        return answer

    def _sample_text(self, read: Mapping[str, bytes], sample: str, metadata: Mapping[str, Any]) -> str:
        if sample in read:
            return read[sample].decode("utf-8-sig", errors="replace")
        names = metadata.get("requiredVariables")
        names = names if isinstance(names, list) else []
        return json.dumps({str(one): str(one) for one in names}, indent=2)


def _row(view: View, template: InstalledTemplate) -> dict[str, str]:
    return {
        "name": template.name,
        "href": view.url(f"{PLACE.path}/{template.name}"),
        "locales": ", ".join(["default", *template.locales]),
        "size": size(sum(file.size for file in template.files.values())),
        "changed": _time(template.modified),
    }


def _time(seconds: float) -> str:
    return local_time(datetime.fromtimestamp(seconds).astimezone().isoformat())


def _facts(template: InstalledTemplate, metadata: Mapping[str, Any]) -> list[tuple[str, str | list[str]]]:
    required, optional = (metadata.get(f"{kind}Variables") for kind in ("required", "optional"))
    facts: list[tuple[str, str | list[str]]] = [
        ("Version", str(metadata.get("version") or "")),
        ("Changed", _time(template.modified)),
        ("Required variables", ", ".join(map(str, required)) if isinstance(required, list) else ""),
        ("Optional variables", ", ".join(map(str, optional)) if isinstance(optional, list | dict) else ""),
        ("Files", [f"{name}, {size(file.size)}" for name, file in sorted(template.files.items())]),
    ]
    return [(name, value) for name, value in facts if value]


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _framed(view: View, answer: Mapping[str, Any], query: Mapping[str, str]) -> Response:
    headers = {"Content-Security-Policy": _FRAME_POLICY, "Referrer-Policy": "no-referrer"}
    mode = "dark" if query.get("mode") == "dark" else "light"
    if answer["error"] or query.get("view") in ("text", "headers"):
        page = view.pages.get_template("template-frame.html").render(
            error=answer["error"],
            text=None if answer["error"] or query.get("view") != "text" else answer["text"],
            headers=() if answer["error"] else answer["headers"],
            mode=mode,
        )
        return Response(page, headers=headers)
    return Response(_in_mode(answer["html"], mode), headers=headers)


def _in_mode(html: str, mode: str) -> str:
    """Replace the question for the colour scheme: browsers differ on whether a frame follows the page around it."""
    return _SCHEME.sub(lambda found: "(min-width: 0px)" if found[1] == mode else "(max-width: 0px)", html)
