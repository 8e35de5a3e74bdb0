/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the files that stand for sysfs and behave as its drivers do. */
#include "drivers.h"

#include <fcntl.h>
#include <sys/stat.h>

struct libiommufd_host *host;
char records[128];
int calls, failing, vanishing;
bool refusing, holding;
int unwritable;

static char opened[256];

static bool is_gone(const char *name)
{
	char path[640];

	snprintf(path, sizeof(path), SYSFS "%s", name);
	return access(path, F_OK) < 0;
}

void vanish(const char *name)
{
	char path[256], away[256];
	static int count;

	/* Not removed: what comes in its place is to be another file, as in sysfs, where no number is used again. */
	snprintf(path, sizeof(path), "%s/sys/devices/pci/%s", getenv("UMOCKDEV_DIR"), name);
	snprintf(away, sizeof(away), "%s/gone%d", getenv("UMOCKDEV_DIR"), count++);
	assert_int_equal(rename(path, away), 0);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", name);
	tree_remove(path);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/6/devices/%s", name);
	tree_remove(path);
}

/* What is asked of sysfs counts. */
static bool fails(const char *path)
{
	if (strncmp(path, "/sys/", 5))
		return false;
	if (++calls == vanishing)
		vanish(DEVICE);
	return calls == failing;
}

static int file_open(const struct sys *sys, const char *path, int flags)
{
	snprintf(opened, sizeof(opened), "%s", path);
	if (unwritable && (flags & O_ACCMODE) != O_RDONLY)
		return -unwritable;
	if (fails(path))
		return -EIO;
	if ((flags & O_ACCMODE) != O_WRONLY)
		return sys_kernel.open(sys, path, flags);
	if (!strncmp(path, SYSFS, strlen(SYSFS)) && is_gone(DEVICE))
		return -ENOENT;
	return sys_kernel.open(sys, "/dev/null", flags);
}

static ssize_t file_read(const struct sys *sys, int fd, void *buf, size_t size)
{
	return fails(opened) ? -EIO : sys_kernel.read(sys, fd, buf, size);
}

static int file_readlink(const struct sys *sys, const char *path, char *buf, size_t size)
{
	int r = fails(path) ? -EIO : sys_kernel.readlink(sys, path, buf, size);

	if (r >= 0 && !strncmp(path, "/proc/", 6) && !strcmp(buf, "/dev/null"))
		strcpy(buf, "/dev/vfio");
	return r;
}

/* No other process; and this one if it is to be found. */
static int file_list(const struct sys *sys, const char *path,
		     int (*each)(void *data, const char *name), void *data)
{
	if (fails(path))
		return -EIO;
	if (strcmp(path, "/proc"))
		return sys_kernel.list(sys, path, each, data);
	char pid[16];
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (holding)
		each(data, pid);
	return 0;
}

/* No udev. */
static int file_access(const struct sys *sys, const char *path)
{
	return strncmp(path, "/run/udev", 9) ? sys_kernel.access(sys, path) : -ENOENT;
}

static void read_file(const char *path, char *buf, size_t size)
{
	buf[0] = '\0';
	FILE *file = fopen(path, "re");
	if (file && !fgets(buf, (int)size, file))
		buf[0] = '\0';
	if (file)
		fclose(file);
	buf[strcspn(buf, "\n")] = '\0';
}

const char *override_of(const char *name)
{
	static char text[600];
	char path[128];

	snprintf(path, sizeof(path), SYSFS "%s/driver_override", name);
	read_file(path, text, sizeof(text));
	return text;
}

const char *driver_of(const char *name)
{
	static char target[256];
	char path[128];

	snprintf(path, sizeof(path), SYSFS "%s/driver", name);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	return n < 0 ? target : strrchr(target, '/') + 1;
}

void unbind(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS "%s/driver", name);
	tree_remove(path);
	snprintf(path, sizeof(path), SYSFS "%s/vfio-dev", name);
	tree_directory(path);
	tree_remove(path);
}

void probe(const char *name)
{
	char path[128], target[128], driver[64];

	snprintf(driver, sizeof(driver), "%s", override_of(name));
	if (!strcmp(driver, "(null)"))
		strcpy(driver, "e1000e");
	if (refusing && !strcmp(driver, "vfio-pci"))
		return;
	snprintf(path, sizeof(path), SYSFS "%s/driver", name);
	snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
	tree_link(path, target);
	if (!strcmp(driver, "vfio-pci"))
		tree_vfio("pci", name, 0, 1);
}

/* What the kernel does when its attributes are opened to. */
static ssize_t file_pwrite(const struct sys *sys, int fd, const void *buf, size_t size,
			   uint64_t offset)
{
	const char *last = strrchr(opened, '/');
	char text[600], name[32] = "";
	(void)sys, (void)fd, (void)offset;

	if (fails(opened))
		return -EIO;
	snprintf(text, sizeof(text), "%.*s", (int)size, (const char *)buf);
	sscanf(opened, SYSFS "%31[^/]", name);
	if (is_gone(*name ? name : text))
		return -ENODEV;
	if (!strcmp(last, "/driver_override"))
		tree_file(opened, *text == '\n' ? "(null)\n" : text);
	else if (!strcmp(last, "/unbind"))
		unbind(name);
	else if (!strcmp(last, "/drivers_probe"))
		probe(text);
	else
		fail();
	return (ssize_t)size;
}

void make_device(const char *name)
{
	char path[128];

	tree_device("pci", name, "e1000e", 6);
	snprintf(path, sizeof(path), SYSFS "%s/driver_override", name);
	tree_file(path, "(null)\n");
}

int drivers_setup(void **state)
{
	static struct sys sys;
	struct libiommufd_host_opts opts = {.size = sizeof(opts), .record_dir = records};
	struct op op;

	sys = sys_kernel;
	sys.open = file_open;
	sys.read = file_read;
	sys.pwrite = file_pwrite;
	sys.readlink = file_readlink;
	sys.access = file_access;
	sys.list = file_list;
	calls = failing = vanishing = 0;
	refusing = holding = false;
	unwritable = 0;
	if (tree_setup(state))
		return -1;
	snprintf(records, sizeof(records), "%s/records", getenv("UMOCKDEV_DIR"));
	op_begin(&op, "test", "", NULL);
	make_device(DEVICE);
	make_device(OTHER);
	tree_file("/sys/module/vfio_pci/initstate", "live\n");
	return host_make(&sys, &op, &opts, &host);
}

int drivers_teardown(void **state)
{
	host = libiommufd_host_close(host);
	return tree_teardown(state);
}

int claim(const char *driver, uint32_t flags)
{
	const struct libiommufd_host_claim_opts opts = {.size = sizeof(opts),
							.flags = flags,
							.driver = driver,
							.timeout_ms = 1};

	calls = 0;
	return libiommufd_host_claim_device(host, DEVICE, &opts);
}

int release(uint32_t flags)
{
	const struct libiommufd_host_release_opts opts = {.size = sizeof(opts), .flags = flags};

	calls = 0;
	return libiommufd_host_release_device(host, DEVICE, &opts);
}

bool has_record(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/pci:%s", records, name);
	return access(path, F_OK) == 0;
}

void assert_untouched(const char *name)
{
	assert_string_equal(driver_of(name), "e1000e");
	assert_string_equal(override_of(name), "(null)");
	assert_false(has_record(name));
}

void assert_refused(int result, int error, uint32_t reason)
{
	const struct libiommufd_error *record = libiommufd_host_last_error();

	assert_int_equal(result, -error);
	assert_int_equal(record->error, -error);
	assert_int_equal(record->reason, reason);
}

void claimed_before(const char *name, const char *driver)
{
	char path[256];
	struct stat st;

	mkdir(records, 0755);
	snprintf(path, sizeof(path), "%s/pci:%s", records, name);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	snprintf(path, sizeof(path), SYSFS "%s", name);
	assert_int_equal(stat(path, &st), 0);
	fprintf(file, "libiommufd-host 1\ndirectory=%llu\ndriver=%s\noverride=\nclaimed=vfio-pci\n",
		(unsigned long long)st.st_ino, driver);
	fclose(file);
	unbind(name);
	strcat(path, "/driver_override");
	tree_file(path, "vfio-pci\n");
	probe(name);
	assert_string_equal(driver_of(name), "vfio-pci");
}
