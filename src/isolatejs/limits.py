"""Every default limit of the library, with its reason. Nothing else holds a magic number of this kind."""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# --- wire -----------------------------------------------------------------------------------------
FRAME_HEADER_LIMIT_BYTES: Final = 32 * MIB
"""JSON part of one frame: room for a large source file or value, far below what would hurt the host."""
FRAME_ATTACHMENTS_LIMIT_BYTES: Final = 128 * MIB
"""Binary part of one frame. Larger data has to be streamed."""
FRAME_ATTACHMENTS_LIMIT_COUNT: Final = 65_536
"""Attachments in one frame: each costs the host an object."""
VALUE_DEPTH_LIMIT: Final = 500
"""Nesting of a plain JSON value on the fast path; deeper values take the flat, tagged form."""
VALUE_NODES_LIMIT: Final = 5_000_000
"""Parts of one value: `[],[],...` in a frame of the largest size would become 700 MB of the host's memory."""
BIGINT_DIGITS_LIMIT: Final = 1_000_000
"""Hexadecimal digits of one BigInt: 500 kB, more than any program prints."""
TOOL_COPIES_LIMIT: Final = 100_000
"""Parts of an argument that may be copied for each mention of them. Beyond it, typed tools keep shared parts shared,
and what a library would copy (pydantic, Playwright) is refused."""
PREVIEW_LIMIT_CHARACTERS: Final = 500
"""Text of a program's value in an error message or a log line: enough to recognise it."""
HASH_COLLISIONS_LIMIT: Final = 100
"""Different values of one hash in a set or dict of a tool's argument: by chance there are none."""

# --- channel --------------------------------------------------------------------------------------
OPEN_CALLS_LIMIT: Final = 10_000
"""Calls of one guest that wait for an answer: 2,000 at once is ordinary, 1e6 is an attack."""
OPEN_CALLS_LIMIT_BYTES: Final = 256 * MIB
"""What those calls brought along: one frame of the largest size fits, and another beside it."""
OPEN_STREAMS_LIMIT: Final = 2_048
"""Streams of one guest that are open at once, in each direction."""
OPEN_REFERENCES_LIMIT: Final = 100_000
"""Functions, promises and iterators of one side that the other side holds."""
STREAM_WINDOW_BYTES: Final = 1 * MIB
"""Credit of one stream: covers a local round trip at memory speed, small enough to hold per stream."""
UNREAD_STREAMS_LIMIT_BYTES: Final = 64 * MIB
"""What the streams of one guest may send beyond what was read of them, together. Beyond it a stream has credit for
one chunk at a time, so that each of them still moves."""
STREAM_CHUNK_BYTES: Final = 64 * KIB
"""Largest piece of one data frame: keeps other calls on the same socket moving."""
STREAM_SMALL_CHUNK_BYTES: Final = 4 * KIB
"""Chunks below this share a frame with those that wait behind them: a frame costs more than copying them."""
OPEN_POSTS_LIMIT: Final = 10_000
"""Events on their way to a program's functions that it has not answered; further ones are dropped."""
PENDING_NOTES_LIMIT_BYTES: Final = 16 * MIB
"""Bytes that wait to be written to a guest that does not read."""
PROGRAM_LOG_LIMIT_LINES: Final = 1_000
"""Lines in the embedder's log that one runtime's program can cause over its life; then one line says that it ends."""
PROGRAM_LOG_LIMIT_CHARACTERS: Final = 1 * MIB
"""Their text together."""
ESCAPED_ERROR_LIMIT_CHARACTERS: Final = 10_000
"""Name, message and stack, each, of an error that a program leaves unhandled."""
PENDING_ANSWERS_LIMIT_BYTES: Final = 16 * MIB
"""Answers that cost the host no waiting (refusals, mostly) to a guest that does not read: 100,000 of them."""

# --- what runtimes share ---------------------------------------------------------------------------
FAIR_QUEUE_WAITING_LIMIT: Final = 10_000
"""Turns of one runtime that wait for a shared thread, process or connection: as many as it may have open calls."""
HOST_TIME_SHARE: Final = 0.5
"""Part of the event loop's time that one runtime (with its children) gets while another one wants some, too."""
HOST_TIME_BURST_MS: Final = 2_000
"""Processor time of the host that a runtime may use at once, before that share counts: the largest values that
cross in one message, tens of megabytes, take about as long."""
HOST_TIME_DEBT_LIMIT_MS: Final = 30_000
"""Processor time of the host that a runtime has used beyond burst and share. It is read no more until its debt is paid,
so it gets here only with handlers that go on meanwhile, or one message that stops the host for half a minute."""
HOST_TIME_CONTENTION_MS: Final = 1_000
"""For so long after its last message another runtime counts as one that wants a share: alone, none is slowed."""
HOST_TIME_SLICE_MS: Final = 20
"""Messages of one runtime are handled for so long at once; then the others have their turn."""

# --- web ----------------------------------------------------------------------------------------
HEADERS_LIMIT_COUNT: Final = 2_000
"""Headers of one request, response or Headers object of a program: servers accept about a hundred."""
BODY_BUFFER_LIMIT_BYTES: Final = 256 * MIB
"""What `bytes()`, `text()` and `json()` gather from a body stream; longer ones are read in pieces."""
FORM_PARTS_LIMIT: Final = 10_000
"""Parts of one multipart body: each costs the host an object."""

# --- fetch ----------------------------------------------------------------------------------------
OPEN_FETCHES_LIMIT: Final = 256
"""Requests of one guest under way on the host at once: each may hold a socket."""
FETCH_TIMEOUT_MS: Final = 60_000
"""Default time of `create_fetch_binding` until the headers of the last response, redirects included."""
FETCH_IDLE_TIMEOUT_MS: Final = 60_000
"""Default time of `create_fetch_binding` in which a server may send nothing of a body."""
FETCH_CONNECT_TIMEOUT_MS: Final = 10_000
"""Default of `create_fetch_binding` for each of: looking up and connecting, the TLS handshake."""
FETCH_CONNECTIONS_LIMIT: Final = 134
"""Connections of one `create_fetch_binding` at once; further requests wait. A runtime alone gets 101 of them."""
FETCH_CONNECTIONS_SHARE: Final = 3.0
"""A runtime gets another connection while it has less than three times the free ones: one is left for the next."""
NAME_LOOKUPS_LIMIT: Final = 16
"""Names that are looked up at once, each in a thread, which a silent name server holds for some 10 seconds."""
FETCH_REQUEST_LIMIT_BYTES: Final = 64 * MIB
"""Default largest request body of `create_fetch_binding`."""
FETCH_RESPONSE_LIMIT_BYTES: Final = 256 * MIB
"""Default largest response body of `create_fetch_binding`, after decompression."""
FETCH_REDIRECTS_LIMIT: Final = 20
"""Redirects followed for one request, as in the Fetch standard."""
FETCH_HEADERS_LIMIT_BYTES: Final = 64 * KIB
"""Header names and values of one request or response together: what servers accept at most."""
FETCH_URL_LIMIT_BYTES: Final = 64 * KIB
"""Longest URL of a request."""
WEB_SOCKETS_LIMIT: Final = 64
"""Outbound WebSockets of one guest that are open at once."""
WEB_SOCKET_MESSAGE_LIMIT_BYTES: Final = 16 * MIB
"""Largest message of an outbound WebSocket, either way."""

# --- runtime --------------------------------------------------------------------------------------
MEMORY_LIMIT_MB: Final = 128
"""Default of `memory_limit_mb`: memory that a program may use on top of the engine's own 10-18 MB."""
MEMORY_LIMIT_MINIMUM_MB: Final = 32
"""Below this the engine cannot start a program."""
MEMORY_LIMIT_MAXIMUM_MB: Final = 16 * 1024 * 1024
"""More than any machine has; in bytes it fits the system calls that set it."""
OUTPUT_LIMIT_BYTES: Final = 64 * MIB
"""Console output of one runtime over its life; a runaway log must not fill the embedder's memory."""
CONSOLE_ENTRY_LIMIT_BYTES: Final = 1 * MIB
"""Text of one console entry; longer text is cut and marked."""
CONSOLE_INDENT_LIMIT: Final = 32
"""Open groups that indent an entry's text: a program chooses the lines, and each line is indented."""
CONTROL_GRACE_MS: Final = 1_000
"""A program that was set going by other means than an execution (an answer, an event, bytes of a stream) is asked after
`execution_timeout_ms` whether it gives control back, and has this long to answer, or that limit where it is longer."""
CANCEL_GRACE_MS: Final = 5_000
"""Where there is no such limit: how long it has to answer after a promise or request was given up. Nothing that a
server computes in one go takes so long."""
BOOT_TIMEOUT_MS: Final = 60_000
"""How long the kernel may take to start, or to take up a session: 25 ms, far more on a loaded machine."""
DISPOSE_GRACE_MS: Final = 500
"""How long clean-up of the host half may take before it is cancelled."""
ERROR_CAUSES_LIMIT: Final = 16
"""Causes of causes of a thrown error that become exceptions: the kernel sends 8; each is a call on the stack."""

PARK_TIMEOUT_MS: Final = 5_000
"""How long a session may take to fall silent when it is put aside; an honest kernel does at once, but on a
loaded machine that can be late."""
NAMESPACES_LIMIT: Final = 100
"""Sessions that are kept aside at once; beyond it the oldest ends. Each holds a process of about 15 MB."""
NAMESPACE_KEY_LIMIT_CHARACTERS: Final = 256
"""A namespace's name: long enough for a path, short enough for a table."""
NAMESPACE_IDLE_LIMIT_MS: Final = 30 * 60 * 1000
"""How long a session is kept aside before it ends."""
NAMESPACES_MEMORY_LIMIT_MB: Final = 4096
"""Memory of all sessions that are kept aside; beyond it the oldest end. A full table of small ones fits."""

EVENT_TASKS_LIMIT: Final = 1_000
"""Tasks that one event callback of the embedder has set going: a program decides how often it is called."""

# --- nested hosts: the defaults of NestedHostPolicy -------------------------------------------------
NESTED_RESOURCES_LIMIT: Final = 8
"""Children of one runtime, all generations together: a small tree, far from a fork bomb."""
NESTED_RUNTIMES_LIMIT: Final = 6
"""Runtimes among them."""
NESTED_SERVERS_LIMIT: Final = 2
"""App servers among them."""
NESTED_MEMORY_LIMIT_MB: Final = 128
"""Memory limit of one child."""
NESTED_EXECUTION_TIMEOUT_MS: Final = 30_000
"""Time limit of one execution in a child."""
NESTED_LISTENERS_LIMIT: Final = 1_000
"""Listeners that a program has for the events of one child: each is held by the host."""

NESTED_NAME_LIMIT_CHARACTERS: Final = 4_096
"""Names, paths and reasons that a program gives its children: the host remembers some of them for long."""
NESTED_ENDS_LIMIT: Final = 1_000
"""Children that have ended and whose reason is remembered for a program that uses them still."""
NESTED_ENDS_LIMIT_CHARACTERS: Final = 1_000
"""Of each such reason."""
NESTED_TOOLS_LIMIT: Final = 1_000
"""Tools and groups that a program gives one child: shared groups would otherwise be read without end."""
NESTED_TOOLS_DEPTH: Final = 16
"""Groups of tools in each other."""

# --- browser ----------------------------------------------------------------------------------------
BROWSER_OBJECTS_LIMIT: Final = 50_000
"""Playwright objects of one session that its program holds; requests and responses are released as it drops them."""
BROWSER_TREE_LIMIT: Final = 2
"""Managed browsers of a runtime and of all that its program hands its browser to, at once."""
BROWSER_CONTEXTS_LIMIT: Final = 32
"""Contexts of one session: each costs the browser memory and a process."""
BROWSER_ROUTES_LIMIT: Final = 1_000
"""Routes of one session: each is asked about every request of its page or context."""
BROWSER_QUESTIONS_LIMIT: Final = 256
"""URLs that are matched in one message: a page may ask for thousands at once."""
BROWSER_VALUE_LIMIT_CHARACTERS: Final = 32 * 1024 * 1024
"""Text of one value that a page gives to a program: it passes through a connection that tenants may share."""
BROWSER_PAGE_ERROR_LIMIT_CHARACTERS: Final = 1024 * 1024
"""Message and stack of an error of code in a page, which passes there, too."""
BROWSER_PROXY_CONNECTIONS_LIMIT: Final = 512
BROWSER_PROXY_HEAD_TIMEOUT_MS: Final = 60_000
"""How long a connection to the proxy of a browser may say nothing at its beginning."""
BROWSER_PROXY_HEAD_LIMIT_BYTES: Final = 256 * 1024
MANAGED_BROWSER_CONNECTIONS_LIMIT: Final = 96
"""Connections that the proxy of one managed browser has open on each side; Chromium keeps to 32, and WebSockets."""
BROWSER_MESSAGE_LIMIT_BYTES: Final = 96 * MIB
"""One message of a managed browser's driver: a file of the largest size, as base64."""
BROWSER_MESSAGE_LIMIT_PARTS: Final = 200_000
"""Values in an answer, at some microseconds each; those of more than a few thousand are read in a thread."""
BROWSER_EVENT_LIMIT_PARTS: Final = 20_000
"""Values in a message that nobody asked for: these are read on the event loop."""
BROWSER_PROTOCOL_OBJECTS_LIMIT: Final = 200_000
"""Objects that a driver says it has; an honest one drops the oldest before."""
BROWSER_UNSENT_LIMIT_BYTES: Final = 256 * MIB
"""What waits for a driver that does not read."""
BROWSER_REQUEST_LIMIT_BYTES: Final = 1_024 * MIB
"""One request of a page without a fetch policy."""
BROWSER_RESPONSE_LIMIT_BYTES: Final = 4_096 * MIB
"""One response to it."""
BROWSER_MANAGED_CLOSE_MS: Final = 800
"""A managed browser's end waits so long for profiles that are open; what its pages do is not waited for."""
BROWSER_MANAGED_WAIT_MS: Final = 300
"""So long a runtime's end waits until its browser is gone; it is killed at once, and the rest is tidied up behind."""
BROWSER_RESTARTS_LIMIT: Final = 20
"""Browsers that one session uses up, by crashes or its limits; each start costs the machine a second."""
BROWSER_POOL_SIZE: Final = 1
"""Managed browsers that wait warm: each takes some 300 MB."""
BROWSER_MEMORY_LIMIT_MB: Final = 2_048
"""All processes of one managed browser: a dozen ordinary pages, or two or three of the heaviest."""
BROWSER_MEMORY_MINIMUM_MB: Final = 384
"""Below this a browser with one empty page does not start."""
BROWSER_DISK_LIMIT_MB: Final = 1_024
"""Profile, downloads and shared memory of one managed browser. It is memory, and counts as such."""
BROWSER_TASKS_LIMIT: Final = 2_000
"""Processes and threads of one managed browser: 220 with one page, some 15 more for each further one."""
BROWSER_START_TIMEOUT_MS: Final = 60_000
"""A start on a machine under heavy load; below a second otherwise."""
BROWSER_IDLE_TIMEOUT_MS: Final = 600_000
"""A connection of a page on which nothing happens: pages wait for events far longer than programs do."""
BROWSER_COLLECTED_LIMIT: Final = 5_000
"""Events that a session keeps of each kind; the oldest go first."""
BROWSER_COLLECTED_LIMIT_BYTES: Final = 4 * MIB
"""Of each kind of events that a session keeps: a page writes megabytes into one console message."""
BROWSER_EVENT_TEXT_LIMIT: Final = 16 * 1024
"""Characters of one text of a collected event; the rest is cut."""
BROWSER_EVENTS_PER_SECOND_LIMIT: Final = 2_000
"""Events of a session that are collected and reported in a second: more than a busy page has, less than a flood."""
BROWSER_OBJECTS_LIMIT_BYTES: Final = 256 * MIB
"""What is sent of all objects that a program holds: console messages and requests hold their texts on the host, too."""
BROWSER_FILE_LIMIT_BYTES: Final = 64 * MIB
"""One upload, download, screenshot or profile file."""
BROWSER_PROFILE_LIMIT_BYTES: Final = 512 * MIB
"""All files of a persistent profile."""
BROWSER_PROFILE_LIMIT_FILES: Final = 20_000
"""Files of a persistent profile."""
BROWSER_STATE_SAVE_MS: Final = 3_000
"""How long reading a context's storage may take when it closes: a page that spins does not answer."""
BROWSER_CONTEXT_CLOSE_MS: Final = 3_000
"""How long closing a context may take before its pages are ended, and again after that."""
BROWSER_SESSION_CLOSE_MS: Final = 20_000
"""How long closing a session's contexts may take, with profiles that are written back."""

# --- daemon -----------------------------------------------------------------------------------------
DAEMON_START_TIMEOUT_MS: Final = 20_000
"""How long an auto-started daemon may take to answer: a fresh interpreter on a loaded machine."""
DAEMON_IDLE_EXIT_MS: Final = 60_000
"""How long an auto-started daemon stays without clients and sessions."""
DAEMON_DRAIN_TIMEOUT_MS: Final = 30_000
"""How long a draining daemon waits for its clients."""
DAEMON_CLIENTS_LIMIT: Final = 1_000
"""Connections of one daemon; each costs it a descriptor."""
DAEMON_LEASES_LIMIT: Final = 1_000
"""Sandboxes that a daemon leases at once."""
DAEMON_UNANSWERED_LIMIT: Final = 4_000
"""Requests of one client that the daemon works on at once, more than it could lease; beyond it the client waits."""
DAEMON_QUEUE_LIMIT_PACKETS: Final = 10_000
"""Packets that wait for a peer who does not read; beyond it the connection ends."""
DEADLINE_BOARD_LIMIT_BYTES: Final = 4 * MIB
"""The file in which a client of the daemon writes the deadlines of its sandboxes: 32 bytes for each that it ever put
aside or holds."""
METRICS_HEAD_LIMIT_BYTES: Final = 16 * KIB
"""Head of a request for metrics: far more than Prometheus sends, and any local process may ask."""
METRICS_TIMEOUT_MS: Final = 5_000
"""How long a reader of metrics may take to ask, and again to read: both are one packet on the loopback."""

# --- sandbox --------------------------------------------------------------------------------------
POOL_SIZE: Final = 2
"""Processes that wait warm: one to take, one while the pool refills."""
ENGINE_OUTPUT_LIMIT_BYTES: Final = 64 * MIB
"""Output of a one-shot run of the engine (transpiler, type checker): many times what honest input needs."""
ENGINE_FILES_LIMIT: Final = 2_000
"""Input files of one run of the engine through a daemon: their names travel in one packet."""
ENGINE_FILES_LIMIT_BYTES: Final = 256 * MIB
"""Their bytes."""
ENGINE_ARGUMENTS_LIMIT_CHARACTERS: Final = 100_000
"""All arguments of one run of the engine through a daemon: the kernel takes 128 KB."""
STDERR_TAIL_BYTES: Final = 16 * KIB
"""Engine's last words that are kept for the error message."""

# --- files ----------------------------------------------------------------------------------------
FILE_PATH_LIMIT_BYTES: Final = 4_096
"""Longest virtual path, as UTF-8: what Linux takes."""
FILE_NAME_LIMIT_BYTES: Final = 255
"""Longest name of one entry, as UTF-8: what Linux file systems take."""
FILE_DEPTH_LIMIT: Final = 64
"""Default of `max_depth`: directories below one root; recursive work holds a descriptor for each."""
FILE_READ_LIMIT_BYTES: Final = 8 * MIB
"""Largest piece that one read answers with; longer reads are several calls."""
FILE_INLINE_BYTES: Final = 256 * KIB
"""Reads and writes up to this size run on the event loop: a thread switch would cost more."""
FILE_WALKS_LIMIT: Final = 4
"""Walks of whole trees (a rename, a removal) that run at once, one of each runtime."""
FILE_THREADS_LIMIT: Final = 4
"""File operations of one runtime that run in threads at once."""
OPEN_FILES_LIMIT: Final = 256
"""Files that one program may hold open; each is a descriptor of the host."""
DIRECTORY_PAGE_ENTRIES: Final = 2_048
"""Directory entries in one answer; longer listings are several calls."""
WHOLE_FILE_LIMIT_BYTES: Final = 64 * MIB
"""Largest file of an embedder's object that can only be read and written whole."""
WHOLE_FILES_LIMIT_BYTES: Final = 4 * WHOLE_FILE_LIMIT_BYTES
"""Content of all open files of such an object together: a program may hold 256 of them open."""
MEMORY_FILES_LIMIT: Final = 10_000
"""Default number of entries of a file tree in memory: each costs the host about a kilobyte."""
FILE_COPY_CHUNK_BYTES: Final = 1 * MIB
"""Piece size of copies that run on the host."""

# --- modules --------------------------------------------------------------------------------------
MODULE_SPECIFIER_LIMIT_BYTES: Final = 8 * KIB
"""Longest import specifier that a program may ask for."""
MODULE_DEPTH_LIMIT: Final = 200
"""Parts of a module's path: every folder above it is looked at for packages."""
MODULE_TYPE_LIMIT: Final = 64
"""Characters of the `type` of import attributes."""
MODULE_IMPORTS_SCANNED_LIMIT: Final = 2_000
"""Imports of one source that are looked for ahead of time; the others are found when they are asked for."""
MODULE_SOURCE_LIMIT_BYTES: Final = 32 * MIB
"""Largest source of one module; typescript's own bundle has 9 MB."""
MODULES_LIMIT: Final = 50_000
"""Modules of one runtime: the host remembers where each came from, and query strings make new ones."""
MODULE_LOADS_LIMIT: Final = 32
"""Modules of one runtime that are looked for at once: a loader may be slow, an answer may have megabytes."""
MODULE_PREFETCH_LIMIT: Final = 2_000
"""Modules that one answer brings along because those asked for import them."""
MODULE_PREFETCH_LIMIT_BYTES: Final = 8 * MIB
"""Their bytes: most packages need one round trip, and none holds the channel for long."""
MODULE_CACHE_LIMIT_BYTES: Final = 64 * MIB
"""Package files that a host keeps in memory, with what they import."""
MODULE_MANIFEST_LIMIT_BYTES: Final = 1 * MIB
"""A package.json or tsconfig.json, which the host parses: the largest known one has 100 kB."""
MODULE_TRANSPILE_LIMIT_BYTES: Final = 4 * MIB
"""Largest source that the engine's transpiler is given (JSX and decorators)."""
MODULE_TRANSPILE_TIMEOUT_S: Final = 20.0
"""How long one transpilation may take; a small file needs some 20 ms."""
MODULE_TRANSPILE_CACHE_LIMIT_BYTES: Final = 32 * MIB
"""Transpiled sources that a host keeps, by content."""
MODULE_THREADS_LIMIT: Final = 8
"""Threads in which modules are looked for; one runtime has half of them at most."""
TRANSPILERS_LIMIT: Final = 12
"""Transpilations that run at once: each is a process, and may take 20 s of a hostile source."""
TRANSPILERS_SHARE: Final = 0.2
"""Of the free places that a runtime may take another of: so it has two at most."""

# --- typechecking ---------------------------------------------------------------------------------
TYPECHECK_TIMEOUT_MS: Final = 20_000
"""Of one check: covers the start of the checker on a busy machine; types that take longer are refused."""
TYPECHECK_START_TIMEOUT_S: Final = 30.0
"""For a checker to start: 10 ms, and far longer on a busy machine."""
TYPECHECK_MEMORY_LIMIT_MB: Final = 1024
"""Of one checker process: a small program needs 120 MB; types that explode end here."""
TYPECHECK_SOURCE_LIMIT_BYTES: Final = 16 * MIB
"""All sources of one check together."""
TYPECHECK_PACKAGES_LIMIT_BYTES: Final = 128 * MIB
"""Declarations of the packages that one program imports, copied into the checker's directory."""
TYPECHECK_PACKAGE_FILES_LIMIT: Final = 30_000
"""Their files."""
TYPECHECK_ANSWER_LIMIT_BYTES: Final = 4 * MIB
"""One answer of the checker: 10,000 errors; it takes the host 20 ms to decode."""
TYPECHECK_ANSWERS_LIMIT_BYTES: Final = 16 * MIB
"""All answers of one check, one for each file."""
TYPECHECK_MESSAGES_LIMIT: Final = 10_000
"""Messages of the checker during one question: it asks for settings and tells of progress, some ten times."""
TYPECHECK_ERRORS_LIMIT: Final = 1_000
"""Errors of one check that are reported: nobody reads more."""
TYPECHECK_MESSAGE_LIMIT_CHARACTERS: Final = 4_000
"""Text of one error: TypeScript cuts each type, but repeats them through every level of a mismatch."""
TYPECHECK_LINE_LIMIT_CHARACTERS: Final = 1_000
"""The part of a source line that an error carries."""
TYPECHECKS_AT_ONCE_LIMIT: Final = 32
"""Checks of one host that run at once, one of each runtime: a process each. Further ones wait their turn."""
TYPECHECKERS_IDLE_LIMIT: Final = 8
"""Checkers that wait for the next program of their runtime, 120 MB each; the longest idle one ends first."""
TYPECHECKER_IDLE_S: Final = 120.0
"""How long one waits."""

# --- testing --------------------------------------------------------------------------------------
TEST_TIMEOUT_MS: Final = 5_000
"""Default limit of one test, as in Jest."""
HOOK_TIMEOUT_MS: Final = 10_000
"""Default limit of one hook: it may start what the tests then use."""
TEST_LOAD_TIMEOUT_MS: Final = 30_000
"""Loading a test file with all that it imports."""
TEST_CONCURRENCY: Final = 5
"""Concurrent tests of one suite that run at the same time, as in Jest and Vitest."""
TEST_WATCH_INTERVAL_MS: Final = 50
"""How often the host looks whether a test is over its time."""
TEST_BLOCKED_GRACE_MS: Final = 1_000
"""Time that a guest has to answer before it counts as blocked: long pauses of a loaded machine fit in."""
TESTS_LIMIT: Final = 100_000
"""Tests, and suites, of one file."""
TEST_DEPTH_LIMIT: Final = 100
"""Suites within each other: every test is told with the names of all that are around it."""
TEST_NAMES_LIMIT: Final = 32 * MIB
"""Characters of the names of all tests and suites of a file, each with those of the suites around it."""
TEST_ERROR_TEXTS_LIMIT: Final = 64 * MIB
"""Characters of all errors of a run; those beyond it are cut."""
TEST_ERROR_VALUES_LIMIT_BYTES: Final = 4 * MIB
"""Compared values that the errors of a run bring along, as they are sent: decoded they are many times that."""
TEST_ERRORS_LIMIT: Final = 50
"""Errors of one test that are kept."""
SNAPSHOT_LIMIT_BYTES: Final = 16 * MIB
"""One snapshot file."""
COVERAGE_ENTRIES_LIMIT: Final = 1_000_000
"""Lines, functions and ways of branches that one test file reports, and that all together leave."""
COVERAGE_PATH_LIMIT_CHARACTERS: Final = 1_000
"""Of a module in a report of coverage."""
COVERAGE_FUNCTION_LIMIT_CHARACTERS: Final = 200
"""Of a function's name there."""
INLINE_SNAPSHOTS_LIMIT: Final = 5_000
"""Inline snapshots of one run that are put into the test file."""
INLINE_CHECK_TIMEOUT_MS: Final = 60_000
"""Parsing a test file before and after its inline snapshots; a JSX file goes through the transpiler."""
SNAPSHOT_RUN_LIMIT_FILES: Final = 2_000
"""Snapshot files, and folders for them, that one run of a test file brings about on the embedder's disk."""
SNAPSHOT_RUN_LIMIT_BYTES: Final = 128 * MIB
"""What one run of a test file writes as snapshots in all."""
SNAPSHOT_FOLDER_ENTRIES_LIMIT: Final = 5_000
"""Entries of a folder that are looked at to see that it holds nothing but file snapshots."""

# --- app servers ----------------------------------------------------------------------------------
REQUEST_INLINE_BYTES: Final = 256 * KIB
"""A request body up to this size goes along with its request; a longer one is streamed."""
RESPONSE_HEADERS_LIMIT_BYTES: Final = 256 * KIB
"""Headers of one response of a program, counted as in HTTP/2: far more than servers and clients accept."""
FINISHING_REQUESTS_LIMIT: Final = 10_000
"""Answered requests of one sandbox whose trailing work goes on; beyond it the oldest lose their context."""
APP_SERVER_START_TIMEOUT_MS: Final = 30_000
"""Loading an entry with all that it imports."""
APP_SERVER_STALL_MS: Final = 1_000
"""After a request was over its time: how long the sandbox may take to show that it still runs at all."""
APP_SERVER_DRAINING_LIMIT: Final = 2
"""Replaced sandboxes of one app server that go on at once: each reload leaves one, and a program may reload its own."""
APP_SERVER_DRAIN_MS: Final = 30_000
"""How long a replaced sandbox may go on with what it had begun; then it is ended."""
