/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A /sys made of files, for tests that run under umockdev-wrapper: it shows them to libudev and to the
 * library in place of the kernel's. Paths begin with "/sys/" or "/dev/".
 */
#ifndef HOST_TREE_H
#define HOST_TREE_H

#include <stddef.h>

/* cmocka setup and teardown: an empty tree; and gone with all that is in it. */
int tree_setup(void **state);
int tree_teardown(void **state);

/* Make a file, with the directories above it; a link; a directory. Take one away. */
void tree_file(const char *path, const char *text);
void tree_bytes(const char *path, const void *bytes, size_t size);
void tree_link(const char *path, const char *target);
void tree_directory(const char *path);
void tree_remove(const char *path);

/* A device /sys/devices/BUS/NAME; driver may be NULL, group -1. */
void tree_device(const char *bus, const char *name, const char *driver, int group);
/* What a vfio driver adds: vfio-dev/vfioN, with a number if there is a node. */
void tree_vfio(const char *bus, const char *name, int number, int with_node);

#endif
