/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a kernel interface must be able to do for the objects of the API. The objects check
 * arguments and who may call; a backend checks what its kernel would not, asks the kernel, and
 * writes down why it refused. Nothing here knows the public objects but as the owner of an ioas.
 *
 * Locks, outer to inner: the device's (held by the caller of bind, attach, detach), the group's, the
 * address space's, the list of groups. The first two are held over calls that take milliseconds, a reset
 * for instance, and make nobody wait but who wants the same device or group. An address space's is held
 * while a device joins or leaves it, on type1 also while its mappings change: others of that address space
 * wait for that, as natively they do in the kernel. The list's is held over no system call.
 */
#ifndef LIBIOMMUFD_BACKEND_H
#define LIBIOMMUFD_BACKEND_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "op.h"
#include "sys.h"
#include "sysfs.h"

struct backend;
struct group;

struct backend_ctx {
	const struct backend *ops;
	const struct sys *sys;
	bool explain;     /* may read files only to explain a failure */
	bool per_process; /* pinned memory counts for this process, and not for its user */
	pthread_mutex_t groups_lock;
	struct group *groups;
};

struct backend_ioas {
	struct backend_ctx *ctx;
	uint32_t id;                   /* the kernel's; 0 if it has none */
	struct libiommufd_ioas *owner; /* what the caller holds */
	bool borrowed;                 /* somebody else's; never destroyed by us */
};

struct backend_device {
	struct backend_ctx *ctx;
	struct group *group;
	atomic_int fd; /* VFIO device file; -1 before it exists */
	uint32_t id;   /* the kernel's; 0 if it has none */
	atomic_bool bound;
	atomic_uint epoch; /* see group.h: equal to the group's while attached */
	struct place place;
	struct backend_device *next_bound; /* see type1.h */
	bool has_token;
	uint8_t token[16]; /* of a virtual function, for bind */
};

/* A mapping to make. */
struct dma {
	uint64_t va;
	uint64_t length;
	uint32_t access;
	bool fixed; /* iova is given, else the result is put there, and is not below what is there */
	uint64_t iova;
};

struct backend_request {
	bool rlimit_process;
	bool explain;
	int fd; /* what the backend takes over on success instead of opening one; -1: nothing */
};

struct backend {
	enum libiommufd_backend kind;
	const char *name;

	int (*ctx_open)(const struct sys *sys, struct op *op, const struct backend_request *request,
			struct backend_ctx **ret_ctx);
	void (*ctx_close)(struct backend_ctx *ctx);
	int (*ctx_fd)(const struct backend_ctx *ctx); /* -1 if there is none */
	int (*has)(struct backend_ctx *ctx, struct op *op, uint32_t feature);

	int (*ioas_create)(struct backend_ctx *ctx, struct op *op, struct backend_ioas **ret_ioas);
	int (*ioas_open_id)(struct backend_ctx *ctx, struct op *op, uint32_t id,
			    struct backend_ioas **ret_ioas);
	/* disown: in a forked child; free the handle and leave the kernel's object alone. */
	int (*ioas_destroy)(struct backend_ioas *ioas, struct op *op, bool disown);
	int (*map)(struct backend_ioas *ioas, struct op *op, struct dma *dma);
	/* A memfd; dma->va is the offset in it. -ENOTTY: the kernel cannot, map it some other way. */
	int (*map_file)(struct backend_ioas *ioas, struct op *op, int fd, struct dma *dma);
	/* dma->va is the address in src. */
	int (*copy)(struct backend_ioas *dst, struct backend_ioas *src, struct op *op,
		    struct dma *dma);
	/* Everything: 0 and UINT64_MAX. */
	int (*unmap)(struct backend_ioas *ioas, struct op *op, uint64_t iova, uint64_t length,
		     uint64_t *ret_unmapped);
	/* The array is the caller's to free; sorted. */
	int (*ranges)(struct backend_ioas *ioas, struct op *op,
		      struct libiommufd_range **ret_ranges, size_t *ret_count,
		      uint64_t *ret_alignment);
	int (*allow)(struct backend_ioas *ioas, struct op *op,
		     const struct libiommufd_range *ranges, size_t count);
	int (*set_huge_pages)(struct backend_ioas *ioas, struct op *op, bool enable);
	int (*query_huge_pages)(struct backend_ioas *ioas, struct op *op, bool *ret_enable);

	/* place may be completed. */
	int (*device_open)(struct backend_ctx *ctx, struct op *op, struct place *place,
			   struct backend_device **ret_dev);
	/* From the caller's file of the device, or of its group; only duplicated. */
	int (*device_open_fd)(struct backend_ctx *ctx, struct op *op, int fd, uint32_t state,
			      uint32_t dev_id, const struct place *place,
			      struct backend_device **ret_dev);
	int (*device_open_group)(struct backend_ctx *ctx, struct op *op, int fd,
				 const struct place *place, struct backend_device **ret_dev);
	/* op: what the log should know. */
	void (*device_close)(struct backend_device *dev, struct op *op, bool disown);
	/* The file of a bound device; made now if that could wait. */
	int (*file)(struct backend_device *dev, struct op *op);
	int (*kvm_fd)(struct backend_device *dev, struct op *op);
	int (*container_fd)(struct backend_device *dev, struct op *op);
	/* Hot reset where the kernel tells groups: is one ours, and its file, for the caller to close. */
	bool (*owns_group)(struct backend_ctx *ctx, uint32_t number);
	int (*group_file)(struct backend_ctx *ctx, uint32_t number);
	/* flags: enum libiommufd_bind_flags. */
	int (*bind)(struct backend_device *dev, struct op *op, struct backend_ioas *hint,
		    uint32_t flags);
	/* ioas, or NULL and an id. */
	int (*attach)(struct backend_device *dev, struct op *op, struct backend_ioas *ioas,
		      uint32_t pt_id);
	int (*detach)(struct backend_device *dev, struct op *op);
	/* What the device's DMA reaches; the address space if that is one, which then may go at once. */
	enum libiommufd_reach (*reach)(struct backend_device *dev,
				       struct libiommufd_ioas **ret_ioas);
	/* Does what it is attached to pin memory for it alone, and once more for others? */
	bool (*is_private)(struct backend_device *dev);
};

extern const struct backend backend_native;
extern const struct backend backend_type1;
extern const struct backend backend_type1_passed; /* on somebody else's container */

/* Choose and open one: kind is what the caller requires. why gets the sentence. */
int backend_select(const struct sys *sys, struct op *op, uint32_t kind,
		   const struct backend_request *request, char *why, size_t why_size,
		   struct backend_ctx **ret_ctx);

void backend_ctx_init(struct backend_ctx *ctx, const struct backend *ops, const struct sys *sys,
		      bool explain);
void backend_ctx_fini(struct backend_ctx *ctx);

uint64_t page_size(void);

/* Every IOMMU can address what lies below. */
#define COMMON_END (1ULL << 39)

/*
 * For picks before any device says what it can use: within that, and where no device is known to have its
 * MSI window. The windows are Arm's usual one and that of x86.
 */
#define SAFE_RANGES 3
extern const struct libiommufd_range safe_ranges[SAFE_RANGES];

#endif
