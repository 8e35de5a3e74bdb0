# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of the VM lab; tests/vm/lab is the program."""


class LabError(Exception):
    """Something the lab cannot do. The text is for people and says what to do about it."""
