# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the public header and the version script. Understands what they use, and no more of C."""

import re


class Function:
    def __init__(self, name, parameters, comment, line, result, arguments):
        self.name = name
        self.parameters = parameters  # their names
        self.result = result          # its type, as written
        self.arguments = arguments    # as written
        self.comment = comment        # the text of the /** */ before it, or None
        self.line = line


def functions(path):
    """The functions that the header declares, in order."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    found = []
    # A comment belongs to the declaration that follows it at once.
    for match in re.finditer(r"(?:/\*\*((?:[^*]|\*(?!/))*)\*/\n)?"
                             r"LIBIOMMUFD_API\s+([^;{]*?)(\w+)\(([^;]*)\);", text):
        comment, result, name, arguments = match.groups()
        parameters = []
        if arguments.strip() != "void":
            parameters = [re.search(r"(\w+)\s*(?:\[\s*\])?$", a.strip()).group(1)
                          for a in arguments.split(",")]
        line = text.count("\n", 0, match.start(3)) + 1
        found.append(Function(name, parameters, comment, line, " ".join(result.split()),
                              " ".join(arguments.split())))
    declared = len(re.findall(r"^LIBIOMMUFD_API\b", text, re.M))
    if declared != len(found):
        raise SystemExit(f"{path}: {declared} declarations, of which {len(found)} are understood")
    return found


def version_nodes(path):
    """Version node -> its symbols, of a linker version script. Everything else is local."""
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    nodes = {}
    for name, body in re.findall(r"(\w[\w.]*)\s*\{(.*?)\}[^;]*;", text, re.S):
        exported, _, local = body.partition("local:")
        exported = exported.replace("global:", "")
        nodes[name] = re.findall(r"([\w*?]+);", exported)
        if local and local.split() != ["*;"]:
            raise SystemExit(f"{path}: {name} keeps more local than *: {local.split()}")
    if not re.search(r"local:\s*\*;", text):
        raise SystemExit(f"{path}: what is not listed is not local")
    return nodes


def finish(problems):
    """The end of a check: each problem in a line, and the exit status."""
    for problem in problems:
        print(problem)
    raise SystemExit(1 if problems else 0)
