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
	if (error == -EACCES || error == -EPERM || error == -EROFS)
		return op_fail(op, error, LIBIOMMUFD_REASON_NOT_PERMITTED,
			       "%s %s: %s; run it as the user who owns the directory, root", what,
			       name, strerrordesc_np(-error));
	return op_fail(op, error, LIBIOMMUFD_HOST_REASON_RECORD, "%s %s: %s", what, name,
		       strerrordesc_np(-error));
}

/* What stands there decides which driver a device gets. */
static bool only_we_write(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* Not the directory itself: whoever may read that could lock it, and have us wait for ever. */
static int lock(int dir)
{
	int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			int error = -errno;
			close(fd);
			return error;
		}
	return fd;
}

int records_open(struct op *op, const char *dir, bool make, struct records *ret_records)
{
	struct records records;

	if (make && mkdir(dir, 0755) < 0 && errno != EEXIST)
		return fail(op, -errno, "cannot make the directory of records", dir);
	records.dir = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (records.dir < 0)
		return !make && errno == ENOENT
			       ? -ENOENT
			       : fail(op, -errno, "cannot open the directory of records", dir);
	if (!only_we_write(records.dir)) {
		close(records.dir);
		return op_fail(op, -EPERM, LIBIOMMUFD_HOST_REASON_RECORD,
			       "others may write to the directory of records %s; make it root's, "
			       "mode 0755",
			       dir);
	}
	records.lock = lock(records.dir);
	if (records.lock < 0) {
		close(records.dir);
		return fail(op, records.lock, "cannot lock the directory of records", dir);
	}
	*ret_records = records;
	return 0;
}

void records_close(const struct records *records)
{
	close(records->lock);
	close(records->dir);
}

static void file_name(char *buf, size_t size, const struct libiommufd_host_device *device,
		      const char *end)
{
	snprintf(buf, size, "%s:%.200s%s", device->bus, device->name, end);
}

/* A device that comes back, or another one in its slot, has another directory of the same name. */
static void directory_of(const struct libiommufd_host_device *device, char *buf)
{
	struct stat st;

	snprintf(buf, DEVICE_DRIVER, "%llu",
		 stat(device->sysfs, &st) == 0 ? (unsigned long long)st.st_ino : 0);
}

/* The value of a line "key=value"; false if it is not one that we wrote. */
static bool take(const char **text, const char *key, char *buf, size_t size)
{
	size_t length = strlen(key);

	if (strncmp(*text, key, length) || (*text)[length] != '=')
		return false;
	const char *value = *text + length + 1, *end = strchr(value, '\n');
	if (!end || (size_t)(end - value) >= size)
		return false;
	memcpy(buf, value, (size_t)(end - value));
	buf[end - value] = '\0';
	*text = end + 1;
	return true;
}

static bool parse(const char *text, struct record *record, char *directory)
{
	size_t length = sizeof(first_line) - 1;

	if (strncmp(text, first_line, length) || text[length] != '\n')
		return false;
	text += length + 1;
	return take(&text, "directory", directory, DEVICE_DRIVER) &&
	       take(&text, "driver", record->driver, sizeof(record->driver)) &&
	       take(&text, "override", record->override, sizeof(record->override)) &&
	       take(&text, "claimed", record->claimed, sizeof(record->claimed)) && !*text &&
	       !strchr(record->driver, '/') && !strchr(record->claimed, '/');
}

int record_read(struct op *op, int dir, const struct libiommufd_host_device *device,
		struct record *ret_record)
{
	char name[256], text[640], then[DEVICE_DRIVER], now[DEVICE_DRIVER];
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
	if ((size_t)n != strlen(text) || !parse(text, &record, then))
		return op_fail(op, -EIO, LIBIOMMUFD_HOST_REASON_RECORD,
			       "the record %s is broken; remove it, and bind the device by hand",
			       name);
	directory_of(device, now);
	if (strcmp(now, then))
		return -ENOENT;
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
	char name[256], temporary[264], text[640], directory[DEVICE_DRIVER];

	file_name(name, sizeof(name), device, "");
	file_name(temporary, sizeof(temporary), device, ".new");
	directory_of(device, directory);
	snprintf(text, sizeof(text), "%s\ndirectory=%s\ndriver=%s\noverride=%s\nclaimed=%s\n",
		 first_line, directory, record->driver, record->override, record->claimed);
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
