"""Runs scenario files: each drives an init under test through its steps, in a tree of its own.

usage: run.py FILE…
       run.py --listed NAME…  checks that no file of this folder is left out

The outer init starts two children: the init under test, called init, and the component scenario,
which reads the file, gives that init its config, and takes its log and its state. Whoever of both
says something that is expected ends up in the scenario; the tree ends with its exit value.
"""
import pathlib
import sys
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

from harness import Tree, composition, start  # pylint: disable=wrong-import-position

INIT_RAM = "24M"
INIT_CAPS = "1500"
DEADLINE_S = 120  # for the whole of it; the steps have deadlines of their own


def scenario(file):
    route = (f'<route><service name="ROM" label="config"><parent label="{file.name}"/></service>'
             "<any-service><parent/></any-service></route>")
    return start("scenario", provides=["LOG", "ROM", "Report"], ram="8M", caps="200",
                 inside='<exit propagate="yes"/>' + route)


def init_under_test(ram, caps):
    to_scenario = "".join(f"<service {which}><child name='scenario'/></service>"
                          for which in ('name="LOG"', 'name="ROM" label="config"',
                                        'name="Report"'))
    return start("init", "kin-init", ram=ram, caps=caps,
                 inside=f"<route>{to_scenario}<any-service><parent/></any-service></route>")


def outer(path):
    """The config of the tree that runs a file, and where the file's ROM module is found."""
    file = pathlib.Path(path).resolve()
    top = xml.etree.ElementTree.parse(file).getroot()
    tree = composition(scenario(file),
                       init_under_test(top.get("ram", INIT_RAM), top.get("caps", INIT_CAPS)))
    return tree, [file.parent]


def run(path):
    tree, roms = outer(path)
    with Tree(tree, roms=roms) as running:
        running.finish(DEADLINE_S)


def check_listed(names):
    """Each file of the folder has to be among those that the build knows."""
    there = sorted(file.stem for file in pathlib.Path(__file__).resolve().parent.glob("*.xml"))
    assert there == sorted(names), f"not listed: {set(there) - set(names)}"


if __name__ == "__main__":
    if sys.argv[1] == "--listed":
        check_listed(sys.argv[2:])
    else:
        for name in sys.argv[1:]:
            run(name)
            print(f"passed  {name}")
