"""Random configs for plan_test.py: a small vocabulary of real components, and changes of what it says.

What only shows at run time a plan can't know, so nothing here depends on it: who provides a service
serves it, nobody waits for somebody that waits for him, and where quota is scarce nobody ends.
"""
import copy
import random

SERVICES = ("PD", "CPU", "ROM", "LOG", "Timer")
GREETERS = ("greet1", "greet2")
LOGS = ("log1", "log2")
CLIENTS = ("w1", "w2", "w3")
WORKERS = ("d1", "d2", "d3")
ENDING = ("h1", "g1")  # those that end by themselves
OTHERS = ("reports", "inner", "missing")
BINARIES = {**dict.fromkeys(GREETERS, "greeter_server"), **dict.fromkeys(LOGS, "dummy"),
            **dict.fromkeys(CLIENTS, "witness"), **dict.fromkeys(WORKERS, "dummy"),
            "h1": "hello", "g1": "greeter_client", "reports": "report_rom", "inner": "kin-init",
            "missing": "nowhere"}
DEFAULT_ROUTES = (
    "<any-service><parent/><any-child/></any-service>",
    "<any-service><parent/><any-child/></any-service>",
    '<service name="Greeter"><child name="greet1"/></service>'
    "<any-service><parent/><any-child/></any-service>",
    '<service name="LOG"><child name="log1"/></service>'
    "<any-service><parent/><any-child/></any-service>",
    "<any-service><parent/></any-service>",
)
PARENT = "<any-service><parent/></any-service>"


class Child:
    """A start node."""

    def __init__(self, rng, name, ends):
        self.name = name
        self.binary = BINARIES[name]
        self.version = None
        self.config = rng.randrange(100) if self.binary in ("dummy", "kin-init", "report_rom") else None
        self.provides = {"greeter_server": ["Greeter"], "report_rom": ["Report", "ROM"]}.get(
            self.binary, ["LOG"] if name in LOGS else [])
        self.ram, self.caps = ("8M", 400) if name == "inner" else (None, None)
        self.routes = {}
        self.consumes = rng.choice((None, None, "300K", "1M")) if name in WORKERS else None
        self.connections = rng.choice((0, 0, 2)) if name in WORKERS else 0
        self.managing = False
        self.may_end = ends

    def _config(self):
        if self.config is None:
            return ""
        if self.name == "inner":
            return INNER.format(self.config)
        if self.name == "reports":
            return f'<config><policy label="nobody{self.config}" report="nothing"/></config>'
        does = "<log_service/>" if self.name in LOGS else ""
        if self.consumes:
            does += f'<consume_ram amount="{self.consumes}"/>'
        if self.connections:
            does += f'<create_log_connections count="{self.connections}"/>'
        version = f"{self.config}-{self.consumes}-{self.connections}"
        return f'<config version="{version}">{does}</config>'

    def _route(self):
        if self.name in LOGS:
            return f"<route>{PARENT}</route>"
        if not self.routes:
            return ""
        rules = "".join(f'<service name="{service}"><child name="{to}"/></service>'
                        for service, to in sorted(self.routes.items()) if to)
        return f"<route>{rules}<any-service><parent/><any-child/></any-service></route>"

    def text(self):
        attributes = {"name": self.name, "version": self.version, "ram": self.ram,
                      "caps": self.caps, "managing_system": "yes" if self.managing else None}
        listed = "".join(f' {k}="{v}"' for k, v in attributes.items() if v is not None)
        offers = "".join(f'<service name="{service}"/>' for service in self.provides)
        return (f'<start{listed}><binary name="{self.binary}"/>'
                + (f"<provides>{offers}</provides>" if offers else "")
                + self._config() + self._route() + "</start>")

    def change(self, rng):
        """Another value of one thing."""
        what = rng.choice(("version", "config", "config", "ram", "caps", "route", "route", "binary",
                           "provides", "managing", "presence"))
        if what == "version":
            self.version = rng.choice((None, 1, 2, 3))
        elif what == "config" and self.config is not None:
            self.config += 1
        elif what == "ram":
            self.ram = rng.choice((None, "1M", "2M", "3M", "6M", "0"))
        elif what == "caps":
            self.caps = rng.choice((None, "40", "100", "200"))
        elif what == "route":
            self._change_route(rng)
        elif what == "binary" and self.name in WORKERS:
            self.binary = rng.choice(("dummy", "dummy", "nowhere"))
        elif what == "provides" and self.name in GREETERS + LOGS:
            whole = ["LOG" if self.name in LOGS else "Greeter"]
            self.provides = [] if self.provides else whole
        elif what == "managing":
            self.managing = not self.managing
        elif what == "presence" and self.name in WORKERS and self.may_end:
            self.config = None if self.config is not None else rng.randrange(100)

    def _change_route(self, rng):
        service = rng.choice(("Greeter", "LOG"))
        self.routes[service] = rng.choice(
            (None, "first", "greet1", "greet2") if service == "Greeter"
            else (None, "log", "log1", "log2"))
        if rng.randrange(4) == 0:
            self.routes = {}


INNER = ('<config version="{}"><parent-provides>'
         + "".join(f'<service name="{s}"/>' for s in (*SERVICES, "Greeter"))
         + '</parent-provides><default ram="1M" caps="60"/>'
         f"<default-route>{PARENT}</default-route>"
         '<start name="witness"/><start name="idle"><binary name="greeter_server"/></start></config>')


class Config:
    """A whole config that can be changed step by step."""

    def __init__(self, rng):
        self.scarce = rng.randrange(4) == 0
        self.services = list(SERVICES)
        self.default = ("2M", 80)
        self.default_route = DEFAULT_ROUTES[0]
        self.aliases = {"log": "log1", "first": "greet1"}
        self.preserve = None
        self.children = []
        for name in BINARIES:
            if rng.randrange(3):
                self._add(rng, name)
        rng.shuffle(self.children)
        for _ in range(rng.randrange(6)):
            self._change(rng)

    def _add(self, rng, name):
        if self.scarce and name in (*ENDING, *CLIENTS, "inner"):
            return
        child = Child(rng, name, not self.scarce)
        if self.scarce and rng.randrange(2):
            child.ram = rng.choice(("12M", "20M", "30M"))
        self.children.insert(rng.randrange(len(self.children) + 1), child)

    def changed(self, rng):
        """A copy that differs in a few things."""
        other = copy.deepcopy(self)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 5))):
            other._change(rng)
        return other

    def _change(self, rng):
        what = rng.choice(("child",) * 8 + ("add", "add", "remove", "remove", "order", "route",
                                            "alias", "default", "services", "preserve"))
        if what == "child" and self.children:
            rng.choice(self.children).change(rng)
        elif what == "add":
            absent = sorted(set(BINARIES) - {child.name for child in self.children})
            if absent:
                self._add(rng, rng.choice(absent))
        elif what == "remove" and self.children:
            self.children.remove(rng.choice(self.children))
        elif what == "order":
            rng.shuffle(self.children)
        elif what == "route":
            self.default_route = rng.choice(DEFAULT_ROUTES)
        elif what == "alias":
            self.aliases = {"log": rng.choice(LOGS), "first": rng.choice(GREETERS)}
        elif what == "default":
            self.default = (rng.choice(("2M", "3M")), rng.choice((80, 100)))
        elif what == "services":
            self.services = list(SERVICES if len(self.services) < 5 else SERVICES[:4])
        elif what == "preserve":
            self.preserve = rng.choice((None, "1M", "4M"))

    def text(self):
        kept = f'<resource name="RAM" preserve="{self.preserve}"/>' if self.preserve else ""
        parts = ["<config>", "<parent-provides>"
                 + "".join(f'<service name="{s}"/>' for s in self.services) + "</parent-provides>",
                 f'<default ram="{self.default[0]}" caps="{self.default[1]}"/>' + kept,
                 f"<default-route>{self.default_route}</default-route>",
                 *(f'<alias name="{a}" child="{c}"/>' for a, c in sorted(self.aliases.items())),
                 *(child.text() for child in self.children), "</config>"]
        return "\n".join(parts) + "\n"

    def child(self, name):
        return next((child for child in self.children if child.name == name), None)


def pair(seed):
    """Two configs, the second made of the first, unless both are new."""
    rng = random.Random(seed)
    first = Config(rng)
    return first, first.changed(rng) if rng.randrange(8) else Config(rng)
