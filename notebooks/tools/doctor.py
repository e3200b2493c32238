"""The check-up for the morning of a class: `python3 -m tools.doctor` in the folder notebooks.

Like setup.py it runs before anything is installed, on whatever Python there is: it looks at Python
and at .venv, which may be half broken, and lets the best Python that it finds look at the rest.
"""

import os
import subprocess
import sys

from tools import setup

GOOD, BAD = "✔", "✘"


def of_python(root):
    """Return (mark, sentence, path): the Python with which the course runs, or would."""
    venv = setup.venv_python(root)
    found = None
    for python in (venv, sys.executable, setup.newer_python(os.environ.get("PATH", ""))):
        if python and (setup.version_of(python) or (0, 0)) >= setup.OLDEST:
            found = python
            break
    wanted = "Python %d.%d or newer" % setup.OLDEST
    if found is None:
        advice = "this one is %d.%d: install a newer one from https://www.python.org/downloads/"
        return BAD, wanted + ": " + advice % sys.version_info[:2], None
    return GOOD, "%s: %d.%d" % ((wanted,) + setup.version_of(found)), found


def of_venv(root):
    """Return (mark, sentence): whether the course's own Python in .venv is whole."""
    folder = os.path.join(root, ".venv")
    again = "run `make setup`, which needs the network for a minute"
    if setup.installed(root) and setup.version_of(setup.venv_python(root)):
        return GOOD, "the course is set up in .venv"
    if not os.path.isdir(folder):
        return BAD, "the course is set up in .venv: it is not yet; " + again
    if not setup.version_of(setup.venv_python(root)):
        return BAD, "the course is set up in .venv: the Python in it does not run; " + again
    if not setup.made_here(root):
        return BAD, "the course is set up in .venv: it was made for another folder; " + again
    if not os.path.exists(os.path.join(folder, ".complete")):
        return BAD, "the course is set up in .venv: a set-up was broken off; " + again
    return BAD, "the course is set up in .venv: from other versions than it needs now; " + again


def main(arguments):
    """Print a line for each thing; return 1 when there is a ✘."""
    root = setup.ROOT
    mark, said, python = of_python(root)
    setup.say(mark + " " + said)
    venv_mark, venv_said = of_venv(root)
    setup.say(venv_mark + " " + venv_said)
    if python is None:
        return 1
    # Not to be told a story by the settings of another project.
    environment = setup.clean_environment()
    command = [python, "-m", "tools.morning"]
    command.extend(arguments)
    if venv_mark == BAD:
        command.append("--unwell")
    return subprocess.call(command, cwd=os.path.join(root, "notebooks"), env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
