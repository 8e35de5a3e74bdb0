/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the sentences for failures in which the kernel's errno alone does not say why. Reads sysfs,
 * /proc and limits, but only where the ctx allows it; never changes anything.
 */
#include "explain.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- Memory ---- */

/* Bytes that a line of /proc/self/status tells. */
struct locked {
	const char *format;
	uint64_t bytes;
};

static int take_locked(void *data, const char *line)
{
	struct locked *locked = data;

	if (sscanf(line, locked->format, &locked->bytes) != 1)
		return 0;
	locked->bytes *= 1024;
	return 1;
}

int explain_memory(const struct backend_ctx *ctx, struct op *op, uint64_t bytes)
{
	/* What is counted for a user nobody can read: then at least what this process pinned. */
	struct locked locked = {ctx->per_process ? "VmLck: %" SCNu64 " kB"
						 : "VmPin: %" SCNu64 " kB",
				0};
	char had[80] = "", what[48] = "what is mapped";
	uint64_t limit;

	if (bytes)
		snprintf(what, sizeof(what), "%" PRIu64 " bytes", bytes);
	if (!ctx->explain || ctx->sys->memlock(ctx->sys, &limit) < 0)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY,
			       "%s cannot be pinned: no memory, or RLIMIT_MEMLOCK would be "
			       "exceeded",
			       what);
	bool known = limit != UINT64_MAX &&
		     sysfs_lines(ctx->sys, "/proc/self", "status", take_locked, &locked) == 1;
	bool room = known && ctx->per_process && bytes && locked.bytes <= limit &&
		    bytes <= limit - locked.bytes;
	if (room || limit == UINT64_MAX)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY,
			       "%s cannot be pinned: the kernel has no memory for it; "
			       "RLIMIT_MEMLOCK would allow it",
			       what);
	if (known)
		snprintf(had, sizeof(had), ", of which this process has %" PRIu64, locked.bytes);
	op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY_LIMIT,
		"%s cannot be pinned: RLIMIT_MEMLOCK allows %" PRIu64
		" bytes in all, counted per %s%s; raise it (ulimit -l, LimitMEMLOCK=) or map less",
		what, limit, ctx->per_process ? "process" : "user", had);
	op_limit(op, bytes, limit);
	return -ENOMEM;
}

static int bad_memory(struct op *op, int error)
{
	return op_fail(op, error, LIBIOMMUFD_REASON_BAD_MEMORY,
		       "the process memory is not all mapped with that access, or cannot be pinned "
		       "(a device's BAR, a file system without page cache)");
}

int explain_map(const struct backend_ctx *ctx, struct op *op, int error, const struct dma *dma)
{
	uint64_t last = dma->iova + dma->length - 1;

	switch (error) {
	case -EEXIST:
		return op_fail(op, error, LIBIOMMUFD_REASON_IOVA_IN_USE,
			       "something is mapped in 0x%" PRIx64 "-0x%" PRIx64
			       " already; unmap it first",
			       dma->iova, last);
	case -EINVAL:
		if (dma->fixed)
			return op_fail(op, error, LIBIOMMUFD_REASON_IOVA_RANGE,
				       "0x%" PRIx64 "-0x%" PRIx64 " is not inside the ranges that "
				       "the attached devices can use; "
				       "libiommufd_ioas_query_ranges() "
				       "lists them",
				       dma->iova, last);
		return op_fail(op, error, LIBIOMMUFD_REASON_ARGUMENT,
			       "the kernel refuses these arguments");
	case -ENOSPC:
		op_fail(op, error, LIBIOMMUFD_REASON_IOVA_EXHAUSTED,
			"no free range of %" PRIu64 " bytes is left; unmap something", dma->length);
		op_limit(op, dma->length, 0);
		return error;
	case -ENOMEM:
		return explain_memory(ctx, op, dma->length);
	case -EFAULT:
		return bad_memory(op, error);
	case -EOVERFLOW:
		return op_fail(op, error, LIBIOMMUFD_REASON_ARGUMENT,
			       "an end of the range does not fit the address space");
	case -ENOENT:
		return op_fail(op, error, LIBIOMMUFD_REASON_NOT_MAPPED,
			       "not all of the source range is mapped");
	case -EPERM:
		return op_fail(op, error, LIBIOMMUFD_REASON_RAISED_ACCESS,
			       "a copy may not allow more access than the original");
	default:
		return op_fail(op, error, LIBIOMMUFD_REASON_KERNEL, "the kernel answers %s",
			       strerrordesc_np(-error));
	}
}

int explain_attach(const struct backend_ctx *ctx, struct op *op, int error,
		   const struct backend_ioas *ioas)
{
	switch (error) {
	case -EADDRINUSE:
		return op_fail(op, error, LIBIOMMUFD_REASON_IOVA_CONFLICT,
			       "mappings or allowed ranges of the address space lie where the "
			       "device "
			       "cannot have them (reserved regions, address width, alignment); "
			       "attach first and map inside libiommufd_ioas_query_ranges()");
	case -EINVAL:
		return op_fail(op, error, LIBIOMMUFD_REASON_GROUP_ATTACHED,
			       "another device of the group is attached to a different address "
			       "space, or the IOMMU cannot use this one; a group has one "
			       "translation: attach it to the same one");
	case -ENOMEM:
		return explain_memory(ctx, op, 0);
	case -EFAULT:
		return bad_memory(op, error);
	case -ENOENT:
		return op_fail(op, error, LIBIOMMUFD_REASON_ARGUMENT,
			       ioas ? "the address space is gone from the kernel"
				    : "no page table or address space has this id");
	case -ENOSPC:
		return op_fail(
			op, error, LIBIOMMUFD_REASON_ENTRY_LIMIT,
			"the container takes fewer mappings than the address space has; raise "
			"the parameter dma_entry_limit of vfio_iommu_type1 and bind the devices "
			"anew, or map in larger pieces");
	case -ENODEV:
		return op_fail(op, error, LIBIOMMUFD_REASON_DEVICE_GONE, "the device is gone");
	default:
		return op_fail(op, error, LIBIOMMUFD_REASON_KERNEL, "the kernel answers %s",
			       strerrordesc_np(-error));
	}
}

struct member_search {
	const struct sys *sys;
	char dir[SYSFS_PATH];
	char address[72];
	char driver[48];
};

static int stop_at_first(void *data, const char *name)
{
	(void)name;
	*(bool *)data = true;
	return 1;
}

/* May a group be given to user space while this driver has this member? The kernel's own rule. */
static bool driver_is_harmless(const struct sys *sys, const char *dir, const char *driver)
{
	char vfio[SYSFS_PATH + 300];
	bool any = false;

	if (!strcmp(driver, "pci-stub") || !strcmp(driver, "pcieport") ||
	    !strncmp(driver, "vfio", 4))
		return true;
	snprintf(vfio, sizeof(vfio), "%s/vfio-dev", dir);
	sys->list(sys, vfio, stop_at_first, &any);
	return any;
}

static int find_blocker(void *data, const char *name)
{
	struct member_search *search = data;
	char dir[SYSFS_PATH + 260];

	snprintf(dir, sizeof(dir), "%s/%s", search->dir, name);
	if (sysfs_link(search->sys, dir, "driver", search->driver, sizeof(search->driver)) < 0 ||
	    driver_is_harmless(search->sys, dir, search->driver)) {
		search->driver[0] = '\0';
		return 0;
	}
	snprintf(search->address, sizeof(search->address), "%s", name);
	return 1;
}

/* Platform devices have no interrupts that x86 would remap: the kernel takes them for unsafe since 6.3. */
static bool is_platform(const struct sys *sys, const struct place *place)
{
	char bus[16];

	return sysfs_link(sys, place->sysfs, "subsystem", bus, sizeof(bus)) == 0 &&
	       !strcmp(bus, "platform");
}

/* Are its interrupts known not to be remapped, and is doing without that not allowed? */
static bool interrupts_unsafe(const struct backend_ctx *ctx, const struct place *place)
{
	const char *module =
		ctx->ops->kind == LIBIOMMUFD_BACKEND_NATIVE ? "iommufd" : "vfio_iommu_type1";
	char path[96], value[8], chunk[4096];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters", module);
	if (sysfs_read(ctx->sys, path, "allow_unsafe_interrupts", value, sizeof(value)) < 0 ||
	    value[0] != 'N')
		return false;

	/* x86 shows remapped interrupts as "IR-PCI-MSI" and the like; other machines do not say. */
	int fd = ctx->sys->open(ctx->sys, "/proc/interrupts", O_RDONLY);
	if (fd < 0)
		return false;
	bool x86 = false, remapped = false;
	size_t kept = 0;
	ssize_t n;
	while ((n = ctx->sys->read(ctx->sys, fd, chunk + kept, sizeof(chunk) - 1 - kept)) > 0) {
		kept += (size_t)n;
		chunk[kept] = '\0';
		x86 = x86 || strstr(chunk, "IO-APIC");
		remapped = remapped || strstr(chunk, "IR-");
		/* A word may be cut in two: keep the end. */
		size_t tail = kept < 8 ? kept : 8;
		memmove(chunk, chunk + kept - tail, tail);
		kept = tail;
	}
	ctx->sys->close(ctx->sys, fd);
	return x86 && (!remapped || is_platform(ctx->sys, place));
}

int explain_claim(const struct backend_ctx *ctx, struct op *op, int error,
		  const struct place *place)
{
	struct member_search search = {.sys = ctx->sys};

	if (error == -ENODEV)
		return op_fail(op, error, LIBIOMMUFD_REASON_DEVICE_GONE, "the device is gone");
	if (error == -ENOMEM)
		return op_fail(op, error, LIBIOMMUFD_REASON_MEMORY, "no memory");
	if (error == -EINVAL)
		return op_fail(op, error, LIBIOMMUFD_REASON_ALREADY_BOUND,
			       "the device is bound through another file already");
	if (error != -EPERM && error != -EBUSY)
		return op_fail(op, error, LIBIOMMUFD_REASON_KERNEL, "the kernel answers %s",
			       strerrordesc_np(-error));
	if (!ctx->explain)
		return op_fail(op, error, LIBIOMMUFD_REASON_GROUP_BUSY,
			       "the group is not viable, in use by someone else, or its interrupts "
			       "cannot be isolated");

	if (place->group >= 0) {
		snprintf(search.dir, sizeof(search.dir), "/sys/kernel/iommu_groups/%d/devices",
			 place->group);
		ctx->sys->list(ctx->sys, search.dir, find_blocker, &search);
		if (search.driver[0])
			return op_fail(op, error, LIBIOMMUFD_REASON_GROUP_NOT_VIABLE,
				       "group %d is not viable: %s is bound to %s; unbind it or "
				       "bind "
				       "it to vfio-pci",
				       place->group, search.address, search.driver);
	}
	if (error == -EPERM && interrupts_unsafe(ctx, place))
		return op_fail(op, error, LIBIOMMUFD_REASON_UNSAFE_INTERRUPTS,
			       "its interrupts are not remapped; enable that in the firmware, or "
			       "accept "
			       "the risk with the parameter %s.allow_unsafe_interrupts=1",
			       ctx->ops->kind == LIBIOMMUFD_BACKEND_NATIVE ? "iommufd"
									   : "vfio_iommu_type1");
	if (place->group >= 0)
		return op_fail(op, error, LIBIOMMUFD_REASON_GROUP_BUSY,
			       "group %d is in use by another process, another context, or the "
			       "other "
			       "VFIO interface",
			       place->group);
	return op_fail(op, error, LIBIOMMUFD_REASON_GROUP_BUSY,
		       "the device's group is in use by someone else");
}

int explain_token(struct op *op, int error, bool given)
{
	return op_fail(op, error, LIBIOMMUFD_REASON_VF_TOKEN,
		       given ? "the token is not the one that the driver of the physical function "
			       "set, or this device has none"
			     : "it is a virtual function of a device that user space drives; open "
			       "it "
			       "with the token that the driver of the physical function set");
}

int explain_node(struct op *op, int error, const char *path)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		return op_fail(op, error, LIBIOMMUFD_REASON_NOT_PERMITTED,
			       "%s may not be opened for reading and writing; give this user "
			       "access "
			       "to it",
			       path);
	case -ENOENT:
		return op_fail(op, error, LIBIOMMUFD_REASON_NODE_MISSING,
			       "%s does not exist; in a container, pass the node in", path);
	case -EBUSY:
		return op_fail(op, error, LIBIOMMUFD_REASON_GROUP_BUSY,
			       "%s is in use: another file has it open or a device of it bound",
			       path);
	case -ENODEV:
	case -ENXIO:
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE,
			       "%s has no device behind it any more", path);
	default:
		return op_fail(op, error, LIBIOMMUFD_REASON_KERNEL, "cannot open %s: %s", path,
			       strerrordesc_np(-error));
	}
}

static int there_is_one(void *found, const char *name)
{
	(void)name;
	*(bool *)found = true;
	return 1;
}

/* It has no IOMMU group; has it a driver? */
static int explain_no_group(const struct sys *sys, struct op *op, bool driver)
{
	bool others = false;

	/* Where VIOT, IORT or a device tree describe the IOMMU, it comes with the first driver. */
	if (!driver)
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP,
			       "it has neither a driver nor an IOMMU group: bind it to vfio-pci; "
			       "if "
			       "it has no group then, the IOMMU is off, missing or not in front of "
			       "it");
	sys->list(sys, "/sys/kernel/iommu_groups", there_is_one, &others);
	if (others)
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP,
			       "it has no IOMMU group, though other devices have: no IOMMU is in "
			       "front of it, or it is no device that does DMA");
	return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP,
		       "it has no IOMMU group: the IOMMU is off or missing; enable it in the "
		       "firmware and on the kernel's command line (intel_iommu=on)");
}

int explain_not_vfio(const struct sys *sys, struct op *op, const struct place *place)
{
	char driver[48], subsystem[48];

	int r = sysfs_link(sys, place->sysfs, "driver", driver, sizeof(driver));
	if (r < 0 &&
	    sysfs_link(sys, place->sysfs, "subsystem", subsystem, sizeof(subsystem)) == -ENOENT)
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE, "the device is gone");
	if (place->group == LIBIOMMUFD_FACT_NONE)
		return explain_no_group(sys, op, r >= 0);
	if (r < 0)
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NOT_VFIO_DRIVER,
			       "no driver is bound to it, or it is being removed; bind it to "
			       "vfio-pci");
	if (!strncmp(driver, "vfio", 4))
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE,
			       "it is bound to %s, but being removed", driver);
	return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NOT_VFIO_DRIVER,
		       "it is bound to %s; unbind it and bind it to vfio-pci", driver);
}

int explain_no_iommu(const struct sys *sys, struct op *op, const struct place *place)
{
	if (!sysfs_is_mock_group(sys, place->group))
		return 0;
	return op_fail(
		op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		"no IOMMU is in front of it, and its group is one that vfio made up "
		"(enable_unsafe_noiommu_mode), so that nothing could hold its DMA back; enable "
		"the IOMMU in the firmware and on the kernel's command line (intel_iommu=on)");
}
