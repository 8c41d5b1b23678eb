"""Finds modules in a mounted `node_modules`, as Node and bundlers do, reading files and running none.

The place of a module is its real one inside the mount (a link leads there, as in pnpm's store), so that a
package finds its own dependencies and peers.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isolatejs.limits import MODULE_PREFETCH_LIMIT, MODULE_PREFETCH_LIMIT_BYTES

from .import_scan import scan_imports, scan_requires
from .module_source import (
    FoundModule,
    extension_of,
    format_for,
    is_relative,
    language_for,
    split_query,
    typed_id,
)
from .mounted_tree import Located, MountedTree, OutsideError
from .package_json import (
    PackageError,
    PackageJson,
    parse_package_json,
    resolve_exports,
    resolve_imports,
    split_package_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .contract import Format, Kind
    from .source_cache import CachedFile, SourceCache

DEFAULT_CONDITIONS: tuple[str, ...] = ("workerd", "worker", "edge-light", "module-sync", "browser")
"""As for workers. `import` or `require` is added by how a module is asked for, `default` always holds."""

PROBED_EXTENSIONS = (".js", ".mjs", ".cjs", ".json", ".ts", ".tsx", ".jsx", ".mts", ".cts", ".wasm")
"""A package's own JavaScript goes before the TypeScript that it may bring along."""
_TYPESCRIPT_OF = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}

EMPTY_MODULE = FoundModule(
    id="/(empty)", path="/(empty)", format="commonjs", language="js", source=b"", is_static=True
)
"""What a `browser` map turns off."""


@dataclass(slots=True)
class Package:
    """A directory with a package.json: `place` is relative to the mount."""

    place: str
    json: PackageJson


@dataclass(slots=True)
class _Pass:
    """What one request has learned; nothing of it outlives the request, so nothing goes stale."""

    packages: dict[str, Package | None] = field(default_factory=dict)
    located: dict[str, Located | None] = field(default_factory=dict)
    modules: dict[tuple[str, str, str], FoundModule | None] = field(default_factory=dict)


class PackageTree:
    """One mount. `virtual` is where programs see it: `/node_modules`, or any absolute path."""

    def __init__(
        self,
        virtual: str,
        tree: MountedTree,
        cache: SourceCache,
        conditions: tuple[str, ...] | None = None,
        *,
        is_production: bool = True,
        on_found: Callable[[FoundModule], None] = lambda module: None,
    ) -> None:
        self.virtual = virtual.rstrip("/")
        self._tree = tree
        self._cache = cache
        given = frozenset(DEFAULT_CONDITIONS if conditions is None else conditions)
        self._conditions: dict[Kind, frozenset[str]] = {
            "import": given | {"import"},
            "require": given | {"require"},
        }
        self._prefers_browser = "browser" in given
        self._is_production = is_production
        self._on_found = on_found

    def holds(self, path: str) -> bool:
        """Whether a module's path lies in this mount."""
        return path.startswith(self.virtual + "/")

    def find(
        self, specifier: str, importer: str, kind: Kind, type: str, sent: set[str]
    ) -> tuple[FoundModule, list[FoundModule]] | None:
        """The module that a specifier means, and those that it will want, without what is in `sent`.

        None when the mount has nothing of that name. Raises PackageError and OutsideError when it has, but
        may not give it.
        """
        known = _Pass()
        found = self._resolve(specifier, posixpath.normpath(importer), kind, type, known)
        if found is None:
            return None
        if found.id not in sent:
            self._on_found(found)
        return found, self._prefetch(found, sent, known)

    def read(self, path: str, query: str, type: str) -> FoundModule | None:
        """The module at a path that was found before."""
        return self._module_at(path[len(self.virtual) + 1 :], query, type, _Pass())

    # --- what comes along ------------------------------------------------------------------------

    def _prefetch(self, root: FoundModule, sent: set[str], known: _Pass) -> list[FoundModule]:
        brought: list[FoundModule] = []
        seen = {root.id}
        budget = MODULE_PREFETCH_LIMIT_BYTES - len(root.source)
        queue = [] if root.id in sent else [root]
        for module in queue:
            kind: Kind = "require" if module.format == "commonjs" else "import"
            for specifier in self._imports_of(module):
                if ".development" in specifier and self._is_production:
                    continue  # `NODE_ENV` will choose the other one
                found = self._resolve_quietly(specifier, module.path, kind, known)
                if found is None:
                    continue
                if found.id not in seen and found.id not in sent:
                    if len(found.source) > budget or len(brought) >= MODULE_PREFETCH_LIMIT:
                        continue
                    budget -= len(found.source)
                    seen.add(found.id)
                    brought.append(found)
                    self._on_found(found)
                    queue.append(found)
                module.edges[f"{kind}||{specifier}"] = found.id
        return brought

    def _imports_of(self, module: FoundModule) -> Iterable[str]:
        if module.format not in ("module", "commonjs") or module is EMPTY_MODULE:
            return ()
        return self._cache.imports(
            module.source, scan_requires if module.format == "commonjs" else scan_imports
        )

    def _resolve_quietly(self, specifier: str, importer: str, kind: Kind, known: _Pass) -> FoundModule | None:
        try:
            return self._resolve(specifier, importer, kind, "", known)
        except (PackageError, OutsideError):
            return None  # the module itself gets the error when it really imports this

    # --- resolution ------------------------------------------------------------------------------

    def _resolve(
        self, specifier: str, importer: str, kind: Kind, type: str, known: _Pass
    ) -> FoundModule | None:
        inside = self.holds(importer)
        place = importer[len(self.virtual) + 1 :] if inside else ""
        folder = posixpath.dirname(place)
        path, query = split_query(specifier)
        if is_relative(path) or path.startswith("/"):
            target = self._absolute(path, folder, inside=inside)
            if target is None:
                return None
            return self._file(self._mapped(target, known), kind, query, type, known)
        if not inside:
            return self._bare(path, "", kind, query, type, known)
        package = self._package_of(folder, known)
        if package is not None:
            if path.startswith("#"):
                target = resolve_imports(package.json.imports, path, self._conditions[kind])
                if target.startswith("./"):
                    return self._file(_join(package.place, target), kind, query, type, known, exact=True)
                path = target
            replaced = self._browser_entry(package, path)
            if replaced is False:
                return EMPTY_MODULE
            if isinstance(replaced, str):
                if is_relative(replaced):
                    return self._file(_join(package.place, replaced), kind, query, type, known)
                path = replaced
            if package.json.name is not None and package.json.exports is not None:
                split = split_package_name(path)
                if split is not None and split[0] == package.json.name:
                    return self._exported(package, split[1], kind, query, type, known)
        return self._bare(path, folder, kind, query, type, known)

    def _absolute(self, path: str, folder: str, *, inside: bool) -> str | None:
        """A relative or absolute specifier as a place in the mount."""
        if path.startswith("/"):
            normal = posixpath.normpath(path)
            return normal[len(self.virtual) + 1 :] if self.holds(normal) else None
        if not inside:
            return None
        target = posixpath.normpath(posixpath.join("/", folder, path))
        joined = posixpath.normpath(posixpath.join(folder, path))
        return None if joined.startswith("..") else target[1:]

    def _bare(
        self, specifier: str, folder: str, kind: Kind, query: str, type: str, known: _Pass
    ) -> FoundModule | None:
        """Looks for a package in the `node_modules` of each folder upwards; the mount itself is the last."""
        split = split_package_name(specifier)
        if split is None:
            return None
        name, subpath = split
        for candidate in _ancestors(folder):
            located = self._locate(_join(candidate, name), known)
            if located is None or not located.is_directory:
                continue
            package = self._package_at(located.place, known)
            if package is None:
                file = "" if subpath == "." else subpath
                return self._file(_join(located.place, file), kind, query, type, known)
            if package.json.exports is not None:
                return self._exported(package, subpath, kind, query, type, known)
            if subpath == ".":
                return self._main(package, kind, query, type, known)
            return self._file(self._mapped(_join(package.place, subpath), known), kind, query, type, known)
        return None

    def _exported(
        self, package: Package, subpath: str, kind: Kind, query: str, type: str, known: _Pass
    ) -> FoundModule | None:
        try:
            target = resolve_exports(package.json.exports, subpath, self._conditions[kind])
        except PackageError:
            if subpath != "./package.json":
                raise
            target = subpath
        place = self._mapped(_join(package.place, target), known)
        return self._file(place, kind, query, type, known)

    def _main(self, package: Package, kind: Kind, query: str, type: str, known: _Pass) -> FoundModule | None:
        json = package.json
        browser = json.browser_main if self._prefers_browser else None
        fields = (browser, json.module, json.main) if kind == "import" else (browser, json.main, json.module)
        for given in (*fields, "index"):
            if given is None:
                continue
            target = _join(package.place, given)
            if target != package.place and not target.startswith(_inside(package.place)):
                raise PackageError(f"its package.json leads out of it: '{given:.200}'")
            found = self._file(self._mapped(target, known), kind, query, type, known)
            if found is not None:
                return found
        return None

    def _mapped(self, place: str | None, known: _Pass) -> str | None:
        """A file as its package's `browser` map has it; None when the map turns it off."""
        if place is None or not self._prefers_browser:
            return place
        package = self._package_of(posixpath.dirname(place), known)
        if package is None or not package.json.browser_map or package.json.exports is not None:
            return place
        relative = "./" + place[len(_inside(package.place)) :]
        for candidate in (relative, f"{relative}.js", f"{relative}.json", f"{relative}/index.js"):
            replaced = package.json.browser_map.get(candidate)
            if replaced is False:
                return None
            if isinstance(replaced, str):
                return _join(package.place, replaced)
        return place

    def _browser_entry(self, package: Package, specifier: str) -> str | bool | None:
        if not self._prefers_browser:
            return None
        return package.json.browser_map.get(specifier)

    # --- files -----------------------------------------------------------------------------------

    def _file(
        self, place: str | None, kind: Kind, query: str, type: str, known: _Pass, *, exact: bool = False
    ) -> FoundModule | None:
        """The module at a place: as it is, with an ending, or the index of a directory."""
        if place is None:
            return EMPTY_MODULE
        located = self._locate(place, known) if place else None
        if located is not None and not located.is_directory:
            return self._module_at(place, query, type, known)
        for extension in () if exact else PROBED_EXTENSIONS:
            candidate = self._locate(f"{place}{extension}", known) if place else None
            if candidate is not None and not candidate.is_directory:
                return self._module_at(f"{place}{extension}", query, type, known)
        stem, extension = posixpath.splitext(place)
        for typescript in _TYPESCRIPT_OF.get(extension, ()):
            candidate = self._locate(f"{stem}{typescript}", known)
            if candidate is not None and not candidate.is_directory:
                return self._module_at(f"{stem}{typescript}", query, type, known)
        if located is None or exact:
            return None
        package = self._package_at(located.place, known)
        if package is not None and located.place != "":
            found = self._main(package, kind, query, type, known)
            if found is not None:
                return found
        for extension in PROBED_EXTENSIONS:
            index = _join(located.place, f"index{extension}")
            candidate = self._locate(index, known)
            if candidate is not None and not candidate.is_directory:
                return self._module_at(index, query, type, known)
        return None

    def _module_at(self, place: str, query: str, type: str, known: _Pass) -> FoundModule | None:
        key = (place, query, type)
        if key not in known.modules:
            known.modules[key] = self._build_module(place, query, type, known)
        return known.modules[key]

    def _build_module(self, place: str, query: str, type: str, known: _Pass) -> FoundModule | None:
        file = self._cache.file(self._tree, place, self._locate(place, known))
        if file is None:
            return None
        path = f"{self.virtual}/{file.place}"
        extension = extension_of(path)
        if extension == ".node":
            raise PackageError("it is a native addon, which cannot run in a sandbox")
        package = self._package_of(posixpath.dirname(file.place), known)
        is_esm = package is not None and package.json.type == "module"
        form, certain = self._format(file, extension, type, package)
        module = FoundModule(
            id=typed_id(path + query, type),
            path=path,
            format=form,
            language=language_for(extension),
            source=file.content,
            certain=certain,
            query=query,
            node_style=extension in (".mjs", ".mts") or (is_esm and extension not in (".cjs", ".cts")),
        )
        if package is not None and self._prefers_browser:
            for name, replaced in package.json.browser_map.items():
                if replaced is False and not is_relative(name):
                    for kind in ("import", "require"):
                        module.edges[f"{kind}||{name}"] = EMPTY_MODULE.id
        return module

    def _format(
        self, file: CachedFile, extension: str, type: str, package: Package | None
    ) -> tuple[Format, bool]:
        settled = format_for(extension, type)
        if settled is not None:
            return settled, True
        if extension in (".mjs", ".mts"):
            return "module", True
        declared = None if package is None else package.json.type
        if declared == "module":
            return "module", True
        if extension in (".ts", ".tsx", ".jsx"):
            return "module", False
        return "commonjs", declared == "commonjs"

    def _package_of(self, folder: str, known: _Pass) -> Package | None:
        """The package that a folder belongs to."""
        if folder in known.packages:
            return known.packages[folder]
        package = self._read_package(folder, known)
        if package is None and folder and posixpath.basename(folder) != "node_modules":
            package = self._package_of(posixpath.dirname(folder), known)
        known.packages[folder] = package
        return package

    def _package_at(self, folder: str, known: _Pass) -> Package | None:
        package = self._package_of(folder, known)
        return package if package is not None and package.place == folder else None

    def _read_package(self, folder: str, known: _Pass) -> Package | None:
        if not folder:
            return None  # the mount itself is a node_modules, no package
        place = f"{folder}/package.json"
        located = self._locate(place, known)
        file = None if located is None else self._cache.file(self._tree, place, located)
        if file is None:
            return None
        return Package(folder, self._cache.package(file.content, parse_package_json))

    def _locate(self, place: str, known: _Pass) -> Located | None:
        if place not in known.located:
            known.located[place] = self._tree.locate(place)
        return known.located[place]


def _join(folder: str, name: str) -> str:
    joined = posixpath.normpath(posixpath.join("/", folder, name))
    return joined[1:]


def _inside(folder: str) -> str:
    return f"{folder}/" if folder else ""


def _ancestors(folder: str) -> Iterable[str]:
    """The `node_modules` folders to look in, the nearest first; "" is the mount, itself one."""
    while folder:
        if posixpath.basename(folder) != "node_modules":
            yield f"{folder}/node_modules"
        else:
            yield folder
        folder = posixpath.dirname(folder)
    yield ""
