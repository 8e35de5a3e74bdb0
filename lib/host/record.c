/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the directory of records: a file for each claimed device, complete or not there at all. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char first_line[] = "libiommufd-host 1";

static int fail(struct op *op, int error, const char *what, const char *name)
{
	return op_fail(op, error, LIBIOMMUFD_HOST_REASON_RECORD, "%s %s: %s", what, name,
		       strerrordesc_np(-error));
}

int record_lock(struct op *op, const char *dir, bool make)
{
	struct stat st;

	if (make && mkdir(dir, 0755) < 0 && errno != EEXIST)
		return fail(op, -errno, "cannot make the directory of records", dir);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return !make && errno == ENOENT
			       ? -ENOENT
			       : fail(op, -errno, "cannot open the directory of records", dir);
	/* What stands there decides which driver a device gets. */
	if (fstat(fd, &st) < 0 || (st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH))) {
		close(fd);
		return op_fail(op, -EPERM, LIBIOMMUFD_HOST_REASON_RECORD,
			       "others may write to the directory of records %s; make it root's, "
			       "mode 0755",
			       dir);
	}
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			int error = -errno;
			close(fd);
			return fail(op, error, "cannot lock the directory of records", dir);
		}
	return fd;
}

static void file_name(char *buf, size_t size, const struct libiommufd_host_device *device,
		      const char *end)
{
	snprintf(buf, size, "%s:%.200s%s", device->bus, device->name, end);
}

/* The value of a line "key=value"; false if it is not one that we wrote. */
static bool take(const char **text, const char *key, char *buf)
{
	size_t length = strlen(key);

	if (strncmp(*text, key, length) || (*text)[length] != '=')
		return false;
	const char *value = *text + length + 1, *end = strchr(value, '\n');
	if (!end || end - value >= DEVICE_DRIVER || memchr(value, '/', (size_t)(end - value)))
		return false;
	memcpy(buf, value, (size_t)(end - value));
	buf[end - value] = '\0';
	*text = end + 1;
	return true;
}

static bool parse(const char *text, struct record *record)
{
	size_t length = sizeof(first_line) - 1;

	if (strncmp(text, first_line, length) || text[length] != '\n')
		return false;
	text += length + 1;
	return take(&text, "driver", record->driver) && take(&text, "override", record->override) &&
	       take(&text, "claimed", record->claimed);
}

int record_read(struct op *op, int dir, const struct libiommufd_host_device *device,
		struct record *ret_record)
{
	char name[256], text[512];
	struct record record;

	file_name(name, sizeof(name), device, "");
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail(op, -errno, "cannot open the record", name);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	int error = -errno;
	close(fd);
	if (n < 0)
		return fail(op, error, "cannot read the record", name);
	text[n] = '\0';
	if (!parse(text, &record))
		return op_fail(op, -EIO, LIBIOMMUFD_HOST_REASON_RECORD,
			       "the record %s is broken; remove it, and bind the device by hand",
			       name);
	*ret_record = record;
	return 0;
}

static int write_all(int fd, const char *text)
{
	size_t length = strlen(text);
	ssize_t n = write(fd, text, length);

	if (n < 0)
		return -errno;
	if ((size_t)n != length)
		return -ENOSPC;
	return fsync(fd) < 0 ? -errno : 0;
}

int record_write(struct op *op, int dir, const struct libiommufd_host_device *device,
		 const struct record *record)
{
	char name[256], temporary[264], text[512];

	file_name(name, sizeof(name), device, "");
	file_name(temporary, sizeof(temporary), device, ".new");
	snprintf(text, sizeof(text), "%s\ndriver=%s\noverride=%s\nclaimed=%s\n", first_line,
		 record->driver, record->override, record->claimed);
	/* The lock makes sure that nobody else writes one; what is left over is a dead process's. */
	unlinkat(dir, temporary, 0);
	int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(op, -errno, "cannot write the record", name);
	int r = write_all(fd, text);
	close(fd);
	if (r == 0 && renameat(dir, temporary, dir, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dir, temporary, 0);
		return fail(op, r, "cannot write the record", name);
	}
	return 0;
}

void record_remove(int dir, const struct libiommufd_host_device *device)
{
	char name[256];

	file_name(name, sizeof(name), device, "");
	unlinkat(dir, name, 0);
}
