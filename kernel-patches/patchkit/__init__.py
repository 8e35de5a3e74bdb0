# SPDX-License-Identifier: GPL-2.0-only
"""What apply, check and refresh share."""


class PatchError(Exception):
    """Something that is not as it must be. The text is for people and says what to do about it."""
