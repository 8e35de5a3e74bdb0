/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns contexts and devices on /dev/iommu and VFIO character devices. Asks the kernel by one ioctl for
 * one call; address spaces are in native_ioas.c.
 */
#include "native.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "group.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

static int set_rlimit_process(const struct sys *sys, struct op *op, int fd)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = IOMMU_OPTION_RLIMIT_MODE,
		.op = IOMMU_OPTION_OP_SET,
		.val64 = 1,
	};

	int r = sys->ioctl(sys, fd, IOMMU_OPTION, &cmd);
	if (r == -EPERM)
		return op_fail(op, r, LIBIOMMUFD_REASON_NOT_PERMITTED,
			       "accounting to the process needs CAP_SYS_RESOURCE; let a privileged "
			       "process open the context and pass the file on");
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
			       "accounting to the process cannot be set: %s", strerrordesc_np(-r));
	return 0;
}

/* 1 if the kernel knows the ioctl, 0 if not: it looks at the size before anything else. */
static int knows(const struct sys *sys, int fd, unsigned long request)
{
	uint32_t size = sizeof(size);
	int r = sys->ioctl(sys, fd, request, &size);

	return r == -EINVAL ? 1 : r == -ENOTTY ? 0 : r < 0 ? r : -EIO;
}

static int native_ctx_open(const struct sys *sys, struct op *op,
			   const struct backend_request *request, struct backend_ctx **ret_ctx)
{
	int fd = request->fd, r;

	if (fd < 0)
		fd = sys->open(sys, "/dev/iommu", O_RDWR);
	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
		return op_fail(op, fd, LIBIOMMUFD_REASON_NO_BACKEND,
			       "/dev/iommu is not there; load the module iommufd, or use a kernel "
			       "with "
			       "CONFIG_IOMMUFD");
	if (fd < 0)
		return explain_node(op, fd, "/dev/iommu");

	struct native_ctx *ctx = calloc(1, sizeof(*ctx));
	if (!ctx) {
		r = op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
		goto close;
	}
	r = knows(sys, fd, IOMMU_IOAS_ALLOC);
	if (r == 0)
		r = op_fail(op, -ENOTTY, LIBIOMMUFD_REASON_ARGUMENT,
			    "the file is not a /dev/iommu; one of a VFIO container needs "
			    "LIBIOMMUFD_BACKEND_TYPE1");
	else if (r < 0)
		op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "/dev/iommu answers a probe with %s",
			strerrordesc_np(-r));
	if (r < 0)
		goto free;
	r = request->rlimit_process ? set_rlimit_process(sys, op, fd) : 0;
	if (r < 0)
		goto free;

	backend_ctx_init(&ctx->base, &backend_native, sys, request->explain);
	ctx->base.per_process = request->rlimit_process;
	ctx->fd = fd;
	*ret_ctx = &ctx->base;
	return 0;
free:
	free(ctx);
close:
	if (request->fd < 0)
		sys->close(sys, fd);
	return r;
}

static void native_ctx_close(struct backend_ctx *base)
{
	struct native_ctx *ctx = (struct native_ctx *)base;

	base->sys->close(base->sys, ctx->fd);
	backend_ctx_fini(base);
	free(ctx);
}

static int native_ctx_fd(const struct backend_ctx *base)
{
	return ((const struct native_ctx *)base)->fd;
}

static int native_has(struct backend_ctx *ctx, struct op *op, uint32_t feature)
{
	static const unsigned long probes[] = {
		[LIBIOMMUFD_FEATURE_MAP_FILE] = IOMMU_IOAS_MAP_FILE,
		[LIBIOMMUFD_FEATURE_COPY] = IOMMU_IOAS_COPY,
		[LIBIOMMUFD_FEATURE_ALLOW_IOVAS] = IOMMU_IOAS_ALLOW_IOVAS,
		[LIBIOMMUFD_FEATURE_HUGE_PAGES] = IOMMU_OPTION,
		[LIBIOMMUFD_FEATURE_ATTACH_ID] = IOMMU_IOAS_ALLOC,
		[LIBIOMMUFD_FEATURE_RLIMIT_USER] = IOMMU_OPTION,
		[LIBIOMMUFD_FEATURE_HWPT_ALLOC] = IOMMU_HWPT_ALLOC,
		[LIBIOMMUFD_FEATURE_HW_INFO] = IOMMU_GET_HW_INFO,
		[LIBIOMMUFD_FEATURE_DIRTY_TRACKING] = IOMMU_HWPT_SET_DIRTY_TRACKING,
		[LIBIOMMUFD_FEATURE_INVALIDATE] = IOMMU_HWPT_INVALIDATE,
		[LIBIOMMUFD_FEATURE_FAULT_QUEUE] = IOMMU_FAULT_QUEUE_ALLOC,
		[LIBIOMMUFD_FEATURE_VIOMMU] = IOMMU_VIOMMU_ALLOC,
		[LIBIOMMUFD_FEATURE_VDEVICE] = IOMMU_VDEVICE_ALLOC,
		[LIBIOMMUFD_FEATURE_CHANGE_PROCESS] = IOMMU_IOAS_CHANGE_PROCESS,
		[LIBIOMMUFD_FEATURE_VEVENTQ] = IOMMU_VEVENTQ_ALLOC,
		[LIBIOMMUFD_FEATURE_HW_QUEUE] = IOMMU_HW_QUEUE_ALLOC,
	};

	if (feature >= sizeof(probes) / sizeof(probes[0]) || !probes[feature])
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT, "unknown feature %u",
			       feature);
	int r = knows(ctx->sys, native_ctx_fd(ctx), probes[feature]);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
			       "the kernel answers the probe with %s", strerrordesc_np(-r));
	return r;
}

static int read_number(const struct sys *sys, struct op *op, int fd, const struct place *place,
		       dev_t *ret_number)
{
	int r = sys->rdev(sys, fd, ret_number);
	if (r == -ENODEV)
		return op_fail(op, -ENXIO, LIBIOMMUFD_REASON_STALE_NODE,
			       "%s is not a character device", place->node);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "%s has no number: %s", place->node,
			       strerrordesc_np(-r));
	return 0;
}

/* A node that was bind-mounted or left over may lead to another device than its name says. */
static int check_number(const struct sys *sys, struct op *op, int fd, const struct place *place)
{
	dev_t wanted, found;

	int r = read_number(sys, op, fd, place, &found);
	if (r < 0)
		return r;
	if (place_devt(sys, place, &wanted) == 0 && wanted != found)
		return op_fail(op, -ENXIO, LIBIOMMUFD_REASON_STALE_NODE,
			       "%s has the number of another device; it is a stale copy of the "
			       "node",
			       place->node);
	return 0;
}

/* Open the character device of a place known by sysfs. */
static int open_by_place(const struct sys *sys, struct op *op, struct place *place)
{
	if (!place->vfio[0] && place->vfio_error)
		return op_fail(op, place->vfio_error, LIBIOMMUFD_REASON_KERNEL,
			       "its directory vfio-dev in sysfs cannot be read: %s",
			       strerrordesc_np(-place->vfio_error));
	if (!place->vfio[0])
		return explain_not_vfio(sys, op, place);
	if (!place->node[0] && explain_no_iommu(sys, op, place) < 0)
		return -EOPNOTSUPP;
	if (!place->node[0])
		return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NO_CDEV,
			       "this kernel has no VFIO character devices "
			       "(CONFIG_VFIO_DEVICE_CDEV); require LIBIOMMUFD_BACKEND_TYPE1");
	int fd = sys->open(sys, place->node, O_RDWR);
	if (fd < 0)
		return explain_node(op, fd, place->node);
	int r = check_number(sys, op, fd, place);
	if (r < 0) {
		sys->close(sys, fd);
		return r;
	}
	return fd;
}

/* Open a node the caller named, and find out whose it is. */
static int open_by_node(const struct sys *sys, struct op *op, struct place *place)
{
	dev_t number;

	int fd = sys->open(sys, place->node, O_RDWR);
	if (fd < 0)
		return explain_node(op, fd, place->node);
	int r = read_number(sys, op, fd, place, &number);
	if (r < 0) {
		sys->close(sys, fd);
		return r;
	}
	place_of_rdev(sys, number, place);
	return fd;
}

/* Takes fd over, also on failure. */
static int make_device(struct backend_ctx *ctx, struct op *op, int fd, const struct place *place,
		       struct backend_device **ret_dev)
{
	struct backend_device *dev = calloc(1, sizeof(*dev));
	struct group *group = group_get(ctx, place->group, sizeof(*group), NULL);
	if (!dev || !group) {
		if (group)
			group_put(ctx, group, false);
		free(dev);
		ctx->sys->close(ctx->sys, fd);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	dev->ctx = ctx;
	dev->group = group;
	dev->fd = fd;
	dev->place = *place;
	*ret_dev = dev;
	return 0;
}

static int native_device_open(struct backend_ctx *ctx, struct op *op, struct place *place,
			      struct backend_device **ret_dev)
{
	int fd = place->sysfs[0] ? open_by_place(ctx->sys, op, place)
				 : open_by_node(ctx->sys, op, place);

	return fd < 0 ? fd : make_device(ctx, op, fd, place, ret_dev);
}

static int native_device_open_fd(struct backend_ctx *ctx, struct op *op, int fd, uint32_t state,
				 uint32_t dev_id, const struct place *place,
				 struct backend_device **ret_dev)
{
	if ((state == LIBIOMMUFD_DEVICE_BOUND) != (dev_id != 0))
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS,
			       "a device that is bound needs its dev_id, and one that is not must "
			       "have none");
	int copy = ctx->sys->dup(ctx->sys, fd);
	if (copy < 0)
		return op_fail(op, copy,
			       copy == -EBADF ? LIBIOMMUFD_REASON_ARGUMENT
					      : LIBIOMMUFD_REASON_KERNEL,
			       "fd %d cannot be duplicated: %s", fd, strerrordesc_np(-copy));
	int r = make_device(ctx, op, copy, place, ret_dev);
	if (r == 0 && dev_id) {
		(*ret_dev)->id = dev_id;
		(*ret_dev)->group->bound = 1;
		atomic_store(&(*ret_dev)->bound, true);
	}
	return r;
}

static int native_file(struct backend_device *dev, struct op *op)
{
	(void)op;
	return dev->fd;
}

static bool native_is_private(struct backend_device *dev)
{
	(void)dev;
	return false;
}

static int native_device_open_group(struct backend_ctx *ctx, struct op *op, int fd,
				    const struct place *place, struct backend_device **ret_dev)
{
	(void)ctx;
	(void)fd;
	(void)place;
	(void)ret_dev;
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "groups have files on type1 only; pass the device's file");
}

static int native_kvm_fd(struct backend_device *dev, struct op *op)
{
	(void)op;
	return dev->fd;
}

static int native_container_fd(struct backend_device *dev, struct op *op)
{
	(void)dev;
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "containers are of type1 only; see libiommufd_ctx_query_fd()");
}

/* A group has left an address space. */
static void leave(struct backend_ioas *ioas)
{
	if (ioas)
		atomic_fetch_sub(&((struct native_ioas *)ioas)->attached, 1);
}

static void record_detach(struct backend_device *dev)
{
	struct backend_ioas *ioas = dev->group->ioas;

	group_now_detached(dev);
	if (!dev->group->attached)
		leave(ioas);
}

static void native_device_close(struct backend_device *dev, struct op *op, bool disown)
{
	struct backend_ctx *ctx = dev->ctx;
	(void)op;

	/* The kernel detaches and unbinds with the last reference to the file. */
	if (!disown)
		pthread_mutex_lock(&dev->group->lock);
	ctx->sys->close(ctx->sys, dev->fd);
	if (!disown) {
		if (device_attached(dev))
			record_detach(dev);
		if (dev->bound)
			dev->group->bound--;
		pthread_mutex_unlock(&dev->group->lock);
	}
	group_put(ctx, dev->group, disown);
	free(dev);
}

static int native_bind(struct backend_device *dev, struct op *op, struct backend_ioas *hint,
		       uint32_t flags)
{
	struct vfio_device_bind_iommufd cmd = {
		/* Without a token the form that all kernels take. */
		.argsz = dev->has_token ? sizeof(cmd)
					: offsetof(struct vfio_device_bind_iommufd, out_devid) +
						  sizeof(cmd.out_devid),
		.flags = dev->has_token ? VFIO_DEVICE_BIND_FLAG_TOKEN : 0,
		.iommufd = native_ctx_fd(dev->ctx),
		.token_uuid_ptr = dev->has_token ? (uintptr_t)dev->token : 0,
	};
	(void)hint;
	(void)flags;

	int r = dev->ctx->sys->ioctl(dev->ctx->sys, dev->fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd);
	if (r == -EACCES)
		return explain_token(op, r, dev->has_token);
	if (r == -EINVAL && dev->has_token)
		return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			       "the device is bound already, or this kernel takes no VF token here "
			       "(before 6.17); require LIBIOMMUFD_BACKEND_TYPE1");
	if (r < 0)
		return explain_claim(dev->ctx, op, r, &dev->place);
	dev->id = cmd.out_devid;
	pthread_mutex_lock(&dev->group->lock);
	dev->group->bound++;
	pthread_mutex_unlock(&dev->group->lock);
	atomic_store(&dev->bound, true);
	return 0;
}

/* Needs the group's lock. */
static int attach_locked(struct backend_device *dev, struct op *op, struct backend_ioas *ioas,
			 uint32_t pt_id)
{
	struct group *group = dev->group;
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = offsetof(struct vfio_device_attach_iommufd_pt, pt_id) + sizeof(cmd.pt_id),
		.pt_id = ioas ? ioas->id : pt_id,
	};

	int r = dev->ctx->sys->ioctl(dev->ctx->sys, dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);
	/* The other meaning of -EINVAL is that a group member is attached elsewhere; is there one? */
	if (r == -EINVAL && group->number >= 0 && (!group->attached || device_attached(dev)))
		return op_fail(op, r, ioas ? LIBIOMMUFD_REASON_KERNEL : LIBIOMMUFD_REASON_ARGUMENT,
			       ioas ? "the IOMMU cannot use this address space"
				    : "the id is of another kind of object, or cannot be used");
	if (r < 0)
		return explain_attach(dev->ctx, op, r, ioas);

	struct backend_ioas *old = group->ioas;
	group_now_attached(dev, ioas, pt_id);
	if (old != ioas) {
		leave(old);
		if (ioas)
			atomic_fetch_add(&((struct native_ioas *)ioas)->attached, 1);
	}
	return 0;
}

static int native_attach(struct backend_device *dev, struct op *op, struct backend_ioas *ioas,
			 uint32_t pt_id)
{
	int r = 0;

	pthread_mutex_lock(&dev->group->lock);
	if (ioas)
		r = native_attach_begin((struct native_ioas *)ioas, op);
	if (r == 0) {
		r = attach_locked(dev, op, ioas, pt_id);
		if (ioas)
			native_attach_end((struct native_ioas *)ioas);
	}
	pthread_mutex_unlock(&dev->group->lock);
	return r;
}

static int native_detach(struct backend_device *dev, struct op *op)
{
	struct vfio_device_detach_iommufd_pt cmd = {
		.argsz = offsetof(struct vfio_device_detach_iommufd_pt, flags) + sizeof(cmd.flags),
	};

	pthread_mutex_lock(&dev->group->lock);
	int r = dev->ctx->sys->ioctl(dev->ctx->sys, dev->fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
	if (r == 0)
		record_detach(dev);
	pthread_mutex_unlock(&dev->group->lock);
	if (r == -ENODEV)
		return op_fail(op, r, LIBIOMMUFD_REASON_DEVICE_GONE, "the device is gone");
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "the kernel answers %s",
			       strerrordesc_np(-r));
	return 0;
}

/* The kernel tells devices, not groups, of a device bound to an iommufd, and wants no files. */
static bool native_owns_group(struct backend_ctx *ctx, uint32_t number)
{
	(void)ctx;
	(void)number;
	return false;
}

static int native_group_file(struct backend_ctx *ctx, uint32_t number)
{
	(void)ctx;
	(void)number;
	return -EOPNOTSUPP;
}

const struct backend backend_native = {
	.kind = LIBIOMMUFD_BACKEND_NATIVE,
	.name = "native",
	.ctx_open = native_ctx_open,
	.ctx_close = native_ctx_close,
	.ctx_fd = native_ctx_fd,
	.has = native_has,
	.ioas_create = native_ioas_create,
	.ioas_open_id = native_ioas_open_id,
	.ioas_destroy = native_ioas_destroy,
	.map = native_map,
	.map_file = native_map_file,
	.copy = native_copy,
	.unmap = native_unmap,
	.ranges = native_ranges,
	.allow = native_allow,
	.set_huge_pages = native_set_huge_pages,
	.query_huge_pages = native_query_huge_pages,
	.device_open = native_device_open,
	.device_open_fd = native_device_open_fd,
	.device_open_group = native_device_open_group,
	.device_close = native_device_close,
	.file = native_file,
	.kvm_fd = native_kvm_fd,
	.container_fd = native_container_fd,
	.owns_group = native_owns_group,
	.group_file = native_group_file,
	.bind = native_bind,
	.attach = native_attach,
	.detach = native_detach,
	.reach = group_reach,
	.is_private = native_is_private,
};
