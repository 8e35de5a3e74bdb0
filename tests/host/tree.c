/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tree of files that stands for /sys. */
#include "tree.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH 1024

static char root[64];

/* The place of a path in the tree, with the directories above it. */
static void place(char *buf, const char *path)
{
	assert_true(snprintf(buf, PATH, "%s%s", root, path) < PATH);
	for (char *slash = buf + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(buf, 0755);
		*slash = '/';
	}
}

int tree_setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/tree.XXXXXX");
	if (!mkdtemp(root) || setenv("UMOCKDEV_DIR", root, 1) < 0)
		return -1;
	tree_directory("/sys/bus/pci/devices");
	tree_directory("/sys/kernel/iommu_groups");
	tree_directory("/dev");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

int tree_teardown(void **state)
{
	(void)state;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void tree_bytes(const char *path, const void *bytes, size_t size)
{
	char full[PATH];

	place(full, path);
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

void tree_file(const char *path, const char *text)
{
	tree_bytes(path, text, strlen(text));
}

void tree_link(const char *path, const char *target)
{
	char full[PATH];

	place(full, path);
	unlink(full);
	assert_int_equal(symlink(target, full), 0);
}

void tree_directory(const char *path)
{
	char full[PATH];

	place(full, path);
	mkdir(full, 0755);
}

void tree_remove(const char *path)
{
	char full[PATH];

	place(full, path);
	assert_int_equal(nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void tree_device(const char *bus, const char *name, const char *driver, int group)
{
	char path[PATH], target[PATH];

	snprintf(path, sizeof(path), "/sys/devices/%s/%s/uevent", bus, name);
	tree_file(path, "");
	snprintf(path, sizeof(path), "/sys/devices/%s/%s/subsystem", bus, name);
	snprintf(target, sizeof(target), "../../../bus/%s", bus);
	tree_link(path, target);
	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s", bus, name);
	snprintf(target, sizeof(target), "../../../devices/%s/%s", bus, name);
	tree_link(path, target);
	if (driver) {
		snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s", bus, driver);
		tree_directory(path);
		snprintf(path, sizeof(path), "/sys/devices/%s/%s/driver", bus, name);
		snprintf(target, sizeof(target), "../../../bus/%s/drivers/%s", bus, driver);
		tree_link(path, target);
	}
	if (group >= 0) {
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices/%s", group, name);
		snprintf(target, sizeof(target), "../../../../devices/%s/%s", bus, name);
		tree_link(path, target);
		snprintf(path, sizeof(path), "/sys/devices/%s/%s/iommu_group", bus, name);
		snprintf(target, sizeof(target), "../../../kernel/iommu_groups/%d", group);
		tree_link(path, target);
	}
}

void tree_vfio(const char *bus, const char *name, int number, int with_node)
{
	char path[PATH], text[32];

	snprintf(path, sizeof(path), "/sys/devices/%s/%s/vfio-dev/vfio%d", bus, name, number);
	tree_directory(path);
	if (!with_node)
		return;
	strcat(path, "/dev");
	snprintf(text, sizeof(text), "511:%d\n", number);
	tree_file(path, text);
}
