#!/usr/bin/env python3
"""Stand in for `apptainer` where it is not installed: run the command on this machine, and note the image.

Put it on the path as `apptainer`. APPTAINER_STAND_IN_LOG is the file that gets a line for each command: the image.
"""

import os
import sys

OPTIONS_WITH_VALUE = ("--home", "--bind", "--pwd")

if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        sys.exit(print("apptainer version 1.3.0"))
    arguments = sys.argv[sys.argv.index("exec") + 1 :]
    while arguments[0].startswith("-"):
        arguments = arguments[2 if arguments[0] in OPTIONS_WITH_VALUE else 1 :]
    image, *command = arguments
    with open(os.environ["APPTAINER_STAND_IN_LOG"], "a", encoding="utf-8") as log:
        print(image, file=log)
    # The Python of the image: the one that runs this.
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    os.execvp(command[0], command)
