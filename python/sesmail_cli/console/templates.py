"""Templates: the gallery of those that are installed, and of a folder's, with what can be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sesmail_cli.console.reading import BucketReadings
from sesmail_cli.console.times import local_time
from sesmail_cli.console.view import Place, Route, View
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.templates.bucket import Release, TemplateReleases
from sesmail_cli.templates.files import TemplateFiles, TemplatesNotFoundError
from sesmail_cli.templates.gallery.pages import GalleryPages, Shown
from sesmail_cli.templates.gallery.shelf import FolderShelf, InstalledShelf, Shelf
from sesmail_cli.web.server import Response

PLACE = Place("templates", "Templates")
FOLDER_PATH = "template-folder"
_LAYOUT = "console.html"


class ConsoleGallery(GalleryPages):
    """A gallery with the console's actions; `folder` is the one that templates can be pushed from."""

    def __init__(self, shelf: Shelf, path: str, folder: Path | None) -> None:
        super().__init__(shelf, path=path, layout=_LAYOUT, place=PLACE.path)
        self._folder = folder

    def tools(self, site: Any, about: Mapping[str, Any], shown: Shown) -> Mapping[str, Any]:
        view: View = site
        name = about["name"]
        if self.path == FOLDER_PATH:
            tools = [(view.url("actions/push-template", template=name), "Push")]
            text = "What is installed is sent, not the folder’s."
        else:
            tools = [(view.url(f"{PLACE.path}/{name}/releases"), "Releases")]
            text = ""
        fields = {"gallery": self.path, "sample": shown.sample, "data": shown.data_id, "locale": shown.locale}
        send = {"action": view.url("actions/send-test"), "text": text, "fields": [*filter(all, fields.items())]}
        return {
            "tools": tools,
            "send": send,
            "command": view.command("send-test", "--to", "you@example.com", value=name),
        }

    def tools_for_all(self, site: Any) -> Mapping[str, Any]:
        view: View = site
        shelves = []
        if self._folder is not None:
            in_folder = self.path == FOLDER_PATH
            shelves = [
                (view.url(PLACE.path), "Installed", None, not in_folder),
                (view.url(FOLDER_PATH), "In the folder", None, in_folder),
            ]
        return {"shelves": shelves, "command": view.command("template", "preview", self.shelf.title)}


class TemplatePages:
    """The galleries of the engine's bucket and, if one was given, of a folder."""

    def __init__(self, engine: Engine, folder: Path | None = None) -> None:
        self.engine = engine
        self.folder = folder
        self.installed_shelf = InstalledShelf(engine)
        self.readings = BucketReadings(self.installed_shelf)
        self.installed = ConsoleGallery(self.installed_shelf, PLACE.path, folder)
        self._folder_shelf = FolderShelf(str(folder)) if folder else None
        self.in_folder = self._folder_shelf and ConsoleGallery(self._folder_shelf, FOLDER_PATH, folder)

    @property
    def galleries(self) -> Mapping[str, ConsoleGallery]:
        """Both galleries by their paths."""
        return {one.path: one for one in (self.installed, self.in_folder) if one}

    @property
    def routes(self) -> tuple[Route, ...]:
        releases = (rf"{PLACE.path}/([^/]+)/releases", self.show_releases)
        return (releases, *(route for one in self.galleries.values() for route in one.routes))

    @property
    def posts(self) -> tuple[Route, ...]:
        return tuple(route for one in self.galleries.values() for route in one.posts)

    def close(self) -> None:
        for one in self.galleries.values():
            one.close()

    def releases(self) -> TemplateReleases:
        """Return what reads and writes the bucket."""
        return TemplateReleases(self.engine.s3, self.installed_shelf.bucket)

    def load_from_folder(self, name: str) -> TemplateFiles:
        """Return a template of the folder. Raises UsageError where there is no folder, or no such template in it."""
        if self._folder_shelf is None:
            raise UsageError("The console knows no folder of templates: start it with --templates DIR.")
        return self._folder_shelf.load(name)

    def show_releases(self, view: View, name: str) -> Response:
        """Show the releases that the bucket keeps of a template."""
        try:
            with self.readings.step(view) as installed:
                releases = installed.releases(name)
        except TemplatesNotFoundError as error:
            raise UsageError(str(error)) from error
        return view.page(
            "template-releases.html",
            place=PLACE.path,
            name=name,
            back=view.url(f"{PLACE.path}/{name}"),
            rows=[_row(view, name, release, releases) for release in releases],
            command=view.command("template", "list", name),
        )


def _row(view: View, name: str, release: Release, releases: list[Release]) -> dict[str, Any]:
    origin = next((one for one in releases if one.id == release.copy_of), None)
    return {
        "installed": local_time(release.installed_at),
        "version": release.version or "",
        "by": release.by or "another program",
        "copy_of": local_time(origin.installed_at) if origin else release.copy_of or "",
        "current": release.current,
        "href": view.url("actions/rollback-template", template=name, release=release.id),
    }
