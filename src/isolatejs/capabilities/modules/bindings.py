"""What an embedder passes as `modules`: where programs find what they import."""

from __future__ import annotations

import copy
import inspect
import json
import posixpath
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from isolatejs.errors import ConfigurationError
from isolatejs.limits import MODULE_MANIFEST_LIMIT_BYTES

from .module_source import ModuleSource, is_url
from .mounted_tree import MountedTree
from .source_rule import SourceRule
from .targets import ClimbingError, normal_target
from .tsconfig import PathAlias, read_tsconfig

if TYPE_CHECKING:
    from .progress import ModuleProgress

Source = str | bytes | ModuleSource | Mapping[str, Any] | None
Loader = Callable[..., Source | Awaitable[Source]]


@dataclass(frozen=True, slots=True)
class VirtualModule:
    """A module with a fixed specifier. `source` is text, bytes or a callable; `file` a path of the host."""

    specifier: str
    path: str
    source: str | bytes | Loader | None = None
    file: Path | None = None
    static: bool = False
    language_hint: str = ""


@dataclass(frozen=True, slots=True)
class SourceTree:
    """Modules below a prefix (`/src/`, `@app/`), from a loader or a directory of the host."""

    prefix: str
    loader: Loader | None
    directory: MountedTree | None
    static: bool
    rule: SourceRule | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """A `node_modules` of the host, seen by programs at `virtual`."""

    virtual: str
    tree: MountedTree
    conditions: tuple[str, ...] | None


DEFAULT_ENVIRONMENT: Final[Mapping[str, str]] = MappingProxyType({"NODE_ENV": "production"})
TEST_ENVIRONMENT: Final[Mapping[str, str]] = MappingProxyType(
    {"NODE_ENV": "test", "TEST": "true", "VITEST": "true", "JEST_WORKER_ID": "1"}
)
"""What Vitest and Jest set. Libraries look for it: React has no `act()` without."""


@dataclass(frozen=True, slots=True)
class ModuleOptions:
    """What applies to all modules of a resolver.

    `jsx_import_source` is the package that JSX compiles to (`react`, `preact`, `hono/jsx`);
    `experimental_decorators` asks for TypeScript's old decorators instead of the standard's.
    `verbatim_module_syntax` keeps imports that are never used as values, as TypeScript's option of that name does.
    `environment` is what a program finds as `process.env`.
    """

    jsx_import_source: str = "react"
    experimental_decorators: bool = False
    verbatim_module_syntax: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: DEFAULT_ENVIRONMENT)


class ModuleResolver:
    """Finds modules, in this order: virtual, virtual_file, source_tree, mount_node_modules, fallback.

    Make one with `create_module_resolver()`; every method returns the resolver, so that calls chain. One
    resolver can serve any number of runtimes. Loaders are plain or async callables; a parameter called
    `context` receives the HostCallContext. A loader returns text, bytes, a ModuleSource or a dict with its
    fields, or None when it has no such module.
    """

    def __init__(self) -> None:
        self.virtual_modules: dict[str, VirtualModule] = {}
        self.virtual_files: dict[str, VirtualModule] = {}
        self.source_trees: list[SourceTree] = []
        self.mounts: list[Mount] = []
        self.fallbacks: list[Loader] = []
        self.import_map_entries: dict[str, str] = {}
        self.path_aliases: tuple[PathAlias, ...] = ()
        self.options = ModuleOptions()
        self.progress_listener: Callable[[ModuleProgress], object] | None = None

    def virtual(
        self,
        specifier: str,
        source: str | bytes | Loader,
        options: Mapping[str, Any] | None = None,
        *,
        filename: str | None = None,
        resolve_dir: str | None = None,
        static: bool = False,
    ) -> ModuleResolver:
        """A module with a fixed specifier: text, bytes, or a callable that is called on its first import.

        `filename` is its base name, `resolve_dir` the folder for its relative imports; by default both come
        from the specifier.
        """
        given = _options(
            options, {"filename": filename, "resolve_dir": resolve_dir, "static": static}, "virtual"
        )
        if not isinstance(source, (str, bytes)) and not callable(source):
            raise ConfigurationError(
                f"virtual({specifier!r}): text, bytes or a callable, not {type(source).__name__}"
            )
        path = _virtual_path(specifier, given["filename"], given["resolve_dir"], "virtual")
        self.virtual_modules[specifier] = VirtualModule(specifier, path, source, static=given["static"])
        return self

    def virtual_file(
        self,
        specifier: str,
        path: str | Path,
        options: Mapping[str, Any] | None = None,
        *,
        filename: str | None = None,
        resolve_dir: str | None = None,
        static: bool = False,
    ) -> ModuleResolver:
        """A file of the host under a fixed specifier: read when it is imported, and nothing beside it."""
        given = _options(
            options, {"filename": filename, "resolve_dir": resolve_dir, "static": static}, "virtual_file"
        )
        host_path = Path(path)
        virtual = _virtual_path(specifier, given["filename"], given["resolve_dir"], "virtual_file")
        self.virtual_files[specifier] = VirtualModule(
            specifier, virtual, file=host_path, static=given["static"], language_hint=host_path.suffix
        )
        return self

    def source_tree(
        self,
        prefix: str,
        loader: Loader | str | Path,
        *,
        static: bool = False,
        only: SourceRule | None = None,
    ) -> ModuleResolver:
        """Modules below a prefix. The loader gets the path below it (`lib/a.ts` for `/src/lib/a.ts`).

        Given a directory of the host instead of a loader, files are read from there, and from nowhere else:
        every file, hidden ones too, unless a SourceRule says which (`only=SourceRule()`: source files).
        """
        if not isinstance(prefix, str) or not prefix:
            raise ConfigurationError("source_tree: the prefix is a path like '/src/' or a name like '@app/'")
        try:
            below = normal_target(prefix, "/").rstrip("/") + "/"
        except ClimbingError as error:
            raise ConfigurationError(f"source_tree({prefix!r}): {error}") from None
        if isinstance(loader, (str, Path)):
            tree = SourceTree(below, None, MountedTree(Path(loader)), static, only)
        elif only is not None:
            raise ConfigurationError(f"source_tree({prefix!r}): `only` is for a directory, not for a loader")
        elif callable(loader):
            tree = SourceTree(below, loader, None, static)
        else:
            raise ConfigurationError(f"source_tree({prefix!r}): a callable or a directory")
        self.source_trees.append(tree)
        self.source_trees.sort(key=lambda known: -len(known.prefix))
        return self

    def mount_node_modules(
        self, virtual_mount: str, host_path: str | Path, *, conditions: Iterable[str] | None = None
    ) -> ModuleResolver:
        """Packages from a real `node_modules`, which programs see at `virtual_mount`.

        `conditions` replace the default ones of "exports" (workerd, worker, edge-light, module-sync,
        browser); `import` or `require`, and `default`, always hold. Links lead only inside the mount.
        """
        if not isinstance(virtual_mount, str) or not virtual_mount.startswith("/"):
            raise ConfigurationError(f"mount_node_modules: {virtual_mount!r} is not an absolute path")
        path = posixpath.normpath(virtual_mount)
        if path == "/":
            raise ConfigurationError("mount_node_modules: mount at a path like '/node_modules', not at '/'")
        self.mounts.append(
            Mount(path, MountedTree(Path(host_path)), None if conditions is None else tuple(conditions))
        )
        return self

    def fallback(self, loader: Loader) -> ModuleResolver:
        """Asked when nothing else has the module: `loader(specifier)`, and `importer=` if it takes that."""
        if not callable(loader):
            raise ConfigurationError(f"fallback: a callable, not {type(loader).__name__}")
        self.fallbacks.append(loader)
        return self

    def import_map(self, imports: Mapping[str, str] | str | Path) -> ModuleResolver:
        """Bare specifiers that mean others, as in an import map's `imports`: given, or a JSON file with them.

        A key that ends in `/` maps everything below it.
        """
        if isinstance(imports, (str, Path)):
            if Path(imports).stat().st_size > MODULE_MANIFEST_LIMIT_BYTES:
                raise ConfigurationError(
                    f"import_map: {imports} has more than {MODULE_MANIFEST_LIMIT_BYTES} bytes"
                )
            data = json.loads(Path(imports).read_text())
            imports = data.get("imports", {}) if isinstance(data, dict) else {}
        for key, value in imports.items():
            if not isinstance(key, str) or not isinstance(value, str) or not key:
                raise ConfigurationError("import_map: specifiers map to specifiers")
            if key.endswith("/") and not value.endswith("/"):
                raise ConfigurationError(f"import_map: {key!r} ends in '/', so {value!r} must too")
            self.import_map_entries[key] = value
        return self

    def tsconfig(self, path: str | Path, *, root: str = "/") -> ModuleResolver:
        """`paths`, `jsxImportSource`, `experimentalDecorators` and `verbatimModuleSyntax` of a tsconfig.json.

        What it `extends` is included. `root` is where programs see the folder that holds the file.
        """
        config = read_tsconfig(Path(path), root)
        self.path_aliases = config.aliases
        return self.compiler_options(
            jsx_import_source=config.jsx_import_source,
            experimental_decorators=config.experimental_decorators,
            verbatim_module_syntax=config.verbatim_module_syntax,
        )

    def compiler_options(
        self,
        *,
        jsx_import_source: str | None = None,
        experimental_decorators: bool | None = None,
        verbatim_module_syntax: bool | None = None,
    ) -> ModuleResolver:
        """How JSX, decorators and imports of types are compiled; see ModuleOptions. None changes nothing."""
        given = {
            "jsx_import_source": jsx_import_source,
            "experimental_decorators": experimental_decorators,
            "verbatim_module_syntax": verbatim_module_syntax,
        }
        changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        self.options = replace(self.options, **changed)
        return self

    def environment(self, variables: Mapping[str, str]) -> ModuleResolver:
        """What a program finds as `process.env`, instead of `{"NODE_ENV": "production"}`.

        In a test runtime these are added to what test runners set (`NODE_ENV` is "test" there), and win over it.
        """
        for name, value in variables.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise ConfigurationError("environment: names and values are text")
        self.options = replace(self.options, environment=dict(variables))
        return self

    def on_progress(self, listener: Callable[[ModuleProgress], object]) -> ModuleResolver:
        """Called while programs wait for their imports, with a ModuleProgress; large packages take a while.

        It is called on the event loop, for each module, and must return at once.
        """
        if not callable(listener):
            raise ConfigurationError(f"on_progress: a callable, not {type(listener).__name__}")
        self.progress_listener = listener
        return self


def resolver_for_tests(value: Any) -> ModuleResolver:
    """The same resolver for a test runtime: with the environment that test runners set."""
    resolver = copy.copy(as_module_resolver(value))
    given = resolver.options.environment
    own = {} if given is DEFAULT_ENVIRONMENT else given
    resolver.options = replace(resolver.options, environment={**TEST_ENVIRONMENT, **own})
    return resolver


def create_module_resolver() -> ModuleResolver:
    """An empty resolver: a program finds no module until something is added."""
    return ModuleResolver()


def as_module_resolver(value: Any) -> ModuleResolver:
    """`bindings.modules`: a resolver, a dict of specifiers and sources, or a fallback loader."""
    if value is None:
        return ModuleResolver()
    if isinstance(value, ModuleResolver):
        return value
    if isinstance(value, Mapping):
        resolver = ModuleResolver()
        for specifier, source in value.items():
            resolver.virtual(specifier, source)
        return resolver
    if callable(value):
        return ModuleResolver().fallback(value)
    raise ConfigurationError(
        f"modules: create_module_resolver(), a dict or a loader, not {type(value).__name__}"
    )


def takes(loader: Loader, name: str) -> bool:
    """Whether a loader has a parameter of this name: `context`, or `importer` of a fallback."""
    try:
        return name in inspect.signature(loader).parameters
    except (TypeError, ValueError):
        return False


def _virtual_path(specifier: str, filename: str | None, resolve_dir: str | None, where: str) -> str:
    if not isinstance(specifier, str) or not specifier:
        raise ConfigurationError(f"{where}: a specifier is text")
    if filename is not None and (not filename or "/" in filename):
        raise ConfigurationError(f"{where}({specifier!r}): filename is a base name, not {filename!r}")
    if resolve_dir is not None and not resolve_dir.startswith("/") and not is_url(resolve_dir):
        raise ConfigurationError(
            f"{where}({specifier!r}): resolve_dir is an absolute path, not {resolve_dir!r}"
        )
    if is_url(specifier) and filename is None and resolve_dir is None:
        return specifier
    own = specifier if specifier.startswith("/") else f"/{specifier}"
    folder = posixpath.dirname(own) if resolve_dir is None else resolve_dir
    return posixpath.normpath(posixpath.join(folder, filename or posixpath.basename(own)))


def _options(options: Mapping[str, Any] | None, given: dict[str, Any], where: str) -> dict[str, Any]:
    if options is None:
        return given
    for key, value in options.items():
        if key not in given:
            raise ConfigurationError(f"{where}: unknown option {key!r}; known are {', '.join(given)}")
        given[key] = value
    return given
