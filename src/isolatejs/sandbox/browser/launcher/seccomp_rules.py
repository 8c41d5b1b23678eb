"""System calls that no process of a tenant may make, each with its reason. Numbers are (x86-64, arm64).

This is a deny-list, unlike the engine's: Chromium needs most of Linux, and puts its renderers behind filters of its
own that allow far less. What is refused here are doors to the kernel that neither it nor Node needs. Unknown calls
get ENOSYS, so that callers use what they used before there was such a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Refusal:
    """Calls that are refused for one reason."""

    reason: str
    calls: dict[str, tuple[int | None, int | None]]


REFUSED: Final = (
    Refusal(
        "the mounts of the confinement stay as they are, also in a user namespace of a page's making",
        {
            "mount": (165, 40),
            "umount2": (166, 39),
            "pivot_root": (155, 41),
            "mount_setattr": (442, 442),
            "open_tree": (428, 428),
            "move_mount": (429, 429),
            "fsopen": (430, 430),
            "fsconfig": (431, 431),
            "fsmount": (432, 432),
            "fspick": (433, 433),
            "open_tree_attr": (467, 467),
            "name_to_handle_at": (303, 264),
            "open_by_handle_at": (304, 265),
            "quotactl": (179, 60),
            "quotactl_fd": (443, 443),
            "swapon": (167, 224),
            "swapoff": (168, 225),
        },
    ),
    Refusal("no other namespace is entered", {"setns": (308, 268)}),
    Refusal(
        "processes do not reach into each other",
        {
            "ptrace": (101, 117),
            "process_vm_readv": (310, 270),
            "process_vm_writev": (311, 271),
            "process_madvise": (440, 440),
            "pidfd_getfd": (438, 438),
            "kcmp": (312, 272),
        },
    ),
    Refusal(
        "parts of the kernel with a history of holes, unused by a browser",
        {
            "bpf": (321, 280),
            "perf_event_open": (298, 241),
            "io_uring_setup": (425, 425),
            "io_uring_enter": (426, 426),
            "io_uring_register": (427, 427),
            "userfaultfd": (323, 282),
            "add_key": (248, 217),
            "request_key": (249, 218),
            "keyctl": (250, 219),
            "fanotify_init": (300, 262),
            "lookup_dcookie": (212, 18),
            "modify_ldt": (154, None),
            "uselib": (134, None),
            "vmsplice": (278, 75),
        },
    ),
    Refusal(
        "memory that no tmpfs counts",
        {
            "memfd_create": (319, 279),
            "memfd_secret": (447, 447),
            "shmget": (29, 194),
            "shmat": (30, 196),
            "shmctl": (31, 195),
            "mq_open": (240, 180),
            "semget": (64, 190),
            "msgget": (68, 186),
        },
    ),
    Refusal(
        "the machine belongs to the host",
        {
            "init_module": (175, 105),
            "finit_module": (313, 273),
            "delete_module": (176, 106),
            "kexec_load": (246, 104),
            "kexec_file_load": (320, 294),
            "reboot": (169, 142),
            "acct": (163, 89),
            "syslog": (103, 116),
            "settimeofday": (164, 170),
            "clock_settime": (227, 112),
            "clock_adjtime": (305, 266),
            "adjtimex": (159, 171),
            "sethostname": (170, 161),
            "setdomainname": (171, 162),
            "iopl": (172, None),
            "ioperm": (173, None),
            "personality": (135, 92),
            "vhangup": (153, 58),
        },
    ),
    Refusal("processors are given by the host", {"sched_setaffinity": (203, 122)}),
)
SOCKET: Final = (41, 198)
SOCKET_FAMILIES: Final = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, and AF_NETLINK, by which Chromium watches the (only) network interface."""
AF_NETLINK: Final = 16
NETLINK_ROUTE: Final = 0
LAST_KNOWN_CALL: Final = 470
"""Later calls are unknown to these rules and get ENOSYS."""
