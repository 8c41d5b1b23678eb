"""Finds the module that a specifier means, in the order of the resolver's kinds of sources."""

from __future__ import annotations

import inspect
import posixpath
from typing import TYPE_CHECKING, Any

from isolatejs.errors import ConfigurationError
from isolatejs.limits import MODULE_SOURCE_LIMIT_BYTES
from isolatejs.wire.errors import GuestVisibleError

from .bindings import Loader, ModuleResolver, SourceTree, VirtualModule, takes
from .import_scan import scan_imports
from .module_source import (
    FoundModule,
    ModuleSource,
    as_module_source,
    build_module,
    is_relative,
    is_url,
    split_query,
)
from .module_threads import in_thread
from .mounted_tree import OutsideError
from .package_json import PackageError
from .package_tree import PackageTree
from .targets import ClimbingError, normal_target, path_below, require_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.capabilities.call_context import HostCallContext

    from .contract import Kind
    from .source_cache import SourceCache

PROBED_EXTENSIONS = (".tsx", ".jsx", ".ts", ".mjs", ".js", ".cjs", ".json")
_SCRIPTS = {".js": (".ts", ".tsx"), ".mjs": (".mts",), ".cjs": (".cts",), ".jsx": (".tsx",)}


def candidates(path: str) -> list[str]:
    """The paths that a path without an ending may mean: itself, with an ending, `.browser`, an index."""
    stem, extension = posixpath.splitext(path)
    found = [path]
    found += [stem + typescript for typescript in _SCRIPTS.get(extension, ())]
    found += [path + ending for ending in PROBED_EXTENSIONS]
    found += [f"{path}.browser{ending}" for ending in PROBED_EXTENSIONS]
    found += [posixpath.join(path, "index" + ending) for ending in PROBED_EXTENSIONS]
    return found


class ModuleFinder:
    """One per runtime, over a resolver and a cache that runtimes share."""

    def __init__(
        self,
        resolver: ModuleResolver,
        cache: SourceCache,
        on_found: Callable[[FoundModule], None] = lambda module: None,
    ) -> None:
        """`on_found` is called with each module that is to be sent, from any thread."""
        self._resolver = resolver
        self._cache = cache
        self._on_found = on_found
        self._packages = [
            PackageTree(
                mount.virtual,
                mount.tree,
                cache,
                mount.conditions,
                is_production=resolver.options.environment.get("NODE_ENV") == "production",
                on_found=on_found,
            )
            for mount in resolver.mounts
        ]
        self._by_path = {module.path: module for module in resolver.virtual_files.values()}
        self._by_path |= {module.path: module for module in resolver.virtual_modules.values()}

    async def find(
        self,
        specifier: str,
        importer: str,
        kind: Kind,
        type: str,
        sent: set[str],
        context: Callable[[], HostCallContext],
    ) -> tuple[FoundModule, list[FoundModule]]:
        """The module, and those that it will want and are not in `sent`. Raises GuestVisibleError."""
        refusals: list[str] = []
        try:
            importer = _normal_importer(importer)
            for alias in self._resolver.path_aliases:
                for meant in alias.match(specifier):
                    found = await self._find(meant, importer, kind, type, sent, context, refusals)
                    if found is not None:
                        return found
            meant = self._remapped(specifier)
            found = await self._find(meant, importer, kind, type, sent, context, refusals)
        except (PackageError, OutsideError, ClimbingError) as error:
            raise not_found(specifier, str(error)) from error
        if found is None:
            raise not_found(specifier, refusals[0] if refusals else None)
        return found

    async def _find(
        self,
        specifier: str,
        importer: str,
        kind: Kind,
        type: str,
        sent: set[str],
        context: Callable[[], HostCallContext],
        refusals: list[str],
    ) -> tuple[FoundModule, list[FoundModule]] | None:
        bare, query = split_query(specifier)
        module = await self._exact(bare, query, type, context)
        target = "" if module is not None else normal_target(bare, importer)
        if module is None:
            module = await self._virtual(bare, target, query, type, context)
        if module is None:
            module = await self._from_trees(target, query, type, context, refusals)
        if module is not None:
            brought = await self._prefetch(module, sent, context)
            for found in (module, *brought):
                if found.id not in sent:
                    self._on_found(found)
            return module, brought
        packaged = await self._from_packages(specifier, target + query, importer, kind, type, sent)
        if packaged is not None:
            return packaged
        module = await self._from_fallback(specifier, target, importer, query, type, context)
        if module is None:
            return None
        self._on_found(module)
        return module, []

    def _remapped(self, specifier: str) -> str:
        entries = self._resolver.import_map_entries
        if not entries:
            return specifier
        if specifier in entries:
            return entries[specifier]
        for key in sorted((key for key in entries if key.endswith("/")), key=len, reverse=True):
            if specifier.startswith(key):
                require_plain(specifier[len(key) :].removesuffix("/"), f"what follows {key!r}")
                return entries[key] + specifier[len(key) :]
        return specifier

    # --- virtual modules -------------------------------------------------------------------------

    async def _exact(
        self, specifier: str, query: str, type: str, context: Callable[[], HostCallContext]
    ) -> FoundModule | None:
        """A virtual module by the very text that the embedder gave, whatever that text is."""
        known = self._resolver.virtual_modules.get(specifier) or self._resolver.virtual_files.get(specifier)
        return None if known is None else await self._load_virtual(known, query, type, context)

    async def _virtual(
        self, specifier: str, target: str, query: str, type: str, context: Callable[[], HostCallContext]
    ) -> FoundModule | None:
        known = self._known_virtual(specifier, target)
        return None if known is None else await self._load_virtual(known, query, type, context)

    def _known_virtual(self, specifier: str, target: str) -> VirtualModule | None:
        for group in (self._resolver.virtual_modules, self._resolver.virtual_files):
            known = group.get(specifier) or group.get(target)
            if known is not None:
                return known
        for candidate in candidates(target):
            for group in (self._resolver.virtual_modules, self._resolver.virtual_files, self._by_path):
                known = group.get(candidate)
                if known is not None:
                    return known
        return None

    async def _load_virtual(
        self, known: VirtualModule, query: str, type: str, context: Callable[[], HostCallContext]
    ) -> FoundModule:
        where = f"module {known.specifier!r}"
        if known.file is not None:
            given: ModuleSource | None = ModuleSource(source=await in_thread(_read_whole, known))
        elif callable(known.source):
            given = as_module_source(await _call(known.source, (), context), where)
        else:
            given = as_module_source(known.source, where)
        if given is None:
            raise not_found(known.specifier)
        path = _placed(known.path, given)
        shape = path
        if known.language_hint and not posixpath.splitext(path)[1]:
            shape = path + known.language_hint
        module = build_module(given, id=self._identity(known) + query, path=shape, type=type, where=where)
        module.path = path
        module.query = query
        module.is_static = module.is_static or known.static
        return module

    def _identity(self, known: VirtualModule) -> str:
        return known.path if self._by_path[known.path] is known else f"virtual:{known.specifier}"

    # --- source trees ----------------------------------------------------------------------------

    async def _from_trees(
        self,
        target: str,
        query: str,
        type: str,
        context: Callable[[], HostCallContext],
        refusals: list[str],
    ) -> FoundModule | None:
        """`refusals` receives why a file is not given, whether or not it is there."""
        for tree in self._resolver.source_trees:
            if not target.startswith(tree.prefix) and target + "/" != tree.prefix:
                continue
            for candidate in candidates(target.rstrip("/") or "/"):
                relative = path_below(tree.prefix, candidate)
                if not relative:
                    continue
                refusal = None if tree.rule is None else tree.rule.refusal(relative, type)
                if refusal is not None:
                    if candidate == target and posixpath.basename(target).count("."):
                        refusals.append(refusal)
                    continue
                given = await self._load_from_tree(tree, relative, type, context)
                if given is None:
                    continue
                place = candidate if candidate.startswith("/") or is_url(candidate) else f"/{candidate}"
                path = _placed(place, given)
                module = build_module(
                    given, id=path + query, path=path, type=type, where=f"module {target!r}"
                )
                module.query = query
                module.is_static = module.is_static or tree.static
                return module
        return None

    async def _load_from_tree(
        self, tree: SourceTree, relative: str, type: str, context: Callable[[], HostCallContext]
    ) -> ModuleSource | None:
        where = f"source_tree({tree.prefix!r})"
        if tree.directory is not None:
            try:
                file = await in_thread(self._cache.file, tree.directory, relative)
            except OutsideError as error:
                raise not_found(tree.prefix + relative, str(error)) from error
            if file is None or (tree.rule is not None and tree.rule.refusal(file.place, type) is not None):
                return None  # a link to what cannot be imported leads nowhere
            return ModuleSource(source=file.content)
        assert tree.loader is not None
        try:
            return as_module_source(await _call(tree.loader, (relative,), context), where)
        except FileNotFoundError:
            return None

    # --- packages and the fallback ---------------------------------------------------------------

    async def _from_packages(
        self, specifier: str, target: str, importer: str, kind: Kind, type: str, sent: set[str]
    ) -> tuple[FoundModule, list[FoundModule]] | None:
        if not self._packages:
            return None
        ordered = sorted(
            self._packages, key=lambda tree: (not tree.holds(importer), not _is_near(tree, importer))
        )
        for tree in ordered:
            inside = tree.holds(importer)
            wanted = specifier if inside or not is_relative(specifier) else target
            found = await in_thread(tree.find, wanted, importer, kind, type, sent)
            if found is not None:
                return found
        return None

    async def _from_fallback(
        self,
        specifier: str,
        target: str,
        importer: str,
        query: str,
        type: str,
        context: Callable[[], HostCallContext],
    ) -> FoundModule | None:
        wanted = target if is_relative(specifier) else target + query
        for loader in self._resolver.fallbacks:
            named = {"importer": importer} if takes(loader, "importer") else {}
            given = as_module_source(await _call(loader, (wanted,), context, **named), "fallback")
            if given is None:
                continue
            place = target if target.startswith("/") or is_url(target) else f"/{target}"
            path = _placed(place, given)
            module = build_module(given, id=path + query, path=path, type=type, where=f"module {specifier!r}")
            module.query = query
            return module
        return None

    # --- what comes along ------------------------------------------------------------------------

    async def _prefetch(
        self, root: FoundModule, sent: set[str], context: Callable[[], HostCallContext]
    ) -> list[FoundModule]:
        """Virtual modules with fixed sources that `root` imports; loaders are only called when asked for."""
        brought: list[FoundModule] = []
        seen = {root.id}
        queue = [root]
        for module in queue:
            if module.format != "module":
                continue
            for specifier in scan_imports(module.source):
                try:
                    bare, query = split_query(self._remapped(specifier))
                    known = self._known_virtual(bare, normal_target(bare, module.path))
                except ClimbingError:
                    continue  # the module itself gets the error when it really imports this
                if known is None or known.file is not None or callable(known.source):
                    continue
                found = await self._load_virtual(known, query, "", context)
                module.edges[f"import||{specifier}"] = found.id
                if found.id not in seen and found.id not in sent:
                    seen.add(found.id)
                    brought.append(found)
                    queue.append(found)
        return brought


def _normal_importer(importer: str) -> str:
    """Where a module that asks says it is, which only the guest knows. Raises ClimbingError."""
    path, query = split_query(importer)
    return normal_target(path if is_url(path) else f"/{path.lstrip('/')}", "/") + query


def not_found(specifier: str, reason: str | None = None) -> GuestVisibleError:
    """The error of a module that is not there."""
    message = f"Cannot find module '{specifier}'" + (f": {reason}" if reason else "")
    return GuestVisibleError("ModuleResolutionError", message, code="ERR_MODULE_NOT_FOUND")


def _is_near(tree: PackageTree, importer: str) -> bool:
    return importer.startswith(posixpath.dirname(tree.virtual).rstrip("/") + "/")


def _placed(path: str, given: ModuleSource) -> str:
    """A module's path with the file name and folder that its loader gave."""
    if given.filename is None and given.resolve_dir is None:
        return path
    if given.filename is not None and "/" in given.filename:
        raise ConfigurationError(f"filename is a base name, not {given.filename!r}")
    folder = posixpath.dirname(path) if given.resolve_dir is None else given.resolve_dir
    return posixpath.join(folder, given.filename or posixpath.basename(path))


async def _call(
    loader: Loader, arguments: tuple[Any, ...], context: Callable[[], HostCallContext], **named: Any
) -> Any:
    if takes(loader, "context"):
        named["context"] = context()
    result = loader(*arguments, **named)
    return await result if inspect.isawaitable(result) else result


def _read_whole(known: VirtualModule) -> bytes:
    assert known.file is not None
    try:
        with known.file.open("rb") as file:
            content = file.read(MODULE_SOURCE_LIMIT_BYTES + 1)
    except OSError:
        raise not_found(known.specifier, "its file cannot be read") from None
    if len(content) > MODULE_SOURCE_LIMIT_BYTES:
        raise not_found(known.specifier, f"its file is larger than {MODULE_SOURCE_LIMIT_BYTES} bytes")
    return content
