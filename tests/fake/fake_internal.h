/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of the fake: its objects. All of it is under the fake's one lock. */
#ifndef LIBIOMMUFD_FAKE_INTERNAL_H
#define LIBIOMMUFD_FAKE_INTERNAL_H

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "fake.h"

#define FAKE_FDS      128
#define FAKE_FIRST_FD 1000
#define FAKE_PAGE     4096ULL
#define FAKE_CALLS    1024
#define FAKE_VECTORS  8
#define FAKE_WRITES   4
#define FAKE_NO_IRQ   (-1)

/* Where a region starts in the file of a device. */
#define FAKE_REGION_SHIFT 40

enum fake_file_kind {
	FILE_TEXT,
	FILE_MEMORY,
	FILE_IOMMUFD,
	FILE_CDEV,
	FILE_GROUP,
	FILE_CONTAINER,
	FILE_DEVICE, /* of a group */
	FILE_EVENT,
};

struct fake_file {
	enum fake_file_kind kind;
	unsigned refs; /* fds, mappings, and a group's by its devices */
	char text[128];
	size_t position;
	int memory; /* a real memfd */
	bool sealable;
	int flags;
	struct fake_iommufd *iommufd; /* FILE_IOMMUFD, and FILE_CDEV while bound */
	struct fake_device *device;
	struct fake_group *group;
	struct fake_container *container;
};

/* An eventfd that writes to a register; none without an event. */
struct fake_write {
	uint64_t offset, data;
	uint32_t width;
	struct fake_file *event;
};

struct fake_device {
	const struct fake_device_config *config;
	char driver[32];
	unsigned index;
	int vfio; /* number of vfioN; -1 */
	struct fake_group *group;
	unsigned opens;
	uint8_t space[256]; /* of configuration */
	int bars[6];        /* real memfds; -1 */
	struct fake_object *bound;
	bool attached;
	struct fake_device *next_attached;
	/* of one use */
	int irq; /* the kind that is enabled */
	unsigned enabled;
	struct fake_file *vectors[FAKE_VECTORS], *unmask, *request;
	bool masked, sleeps;
	struct fake_file *wakeup;
	struct fake_write writes[FAKE_WRITES];
	unsigned resets;
};

struct fake_group {
	int number;
	const void *owner;
	unsigned owners;
	struct fake_file *opened;
	unsigned cdevs; /* bound */
	struct fake_container *container;
	unsigned users; /* devices opened through the group */
	struct fake_group *next_in_container;
	struct fake_object *hwpt;
	struct fake_device *attached; /* in the order of attaching */
};

/* A range of addresses with an owner. */
struct fake_span {
	struct fake_span *next;
	uint64_t first, last;
	const void *owner;
};

/* What one map call has made; copies share it. */
struct fake_pages {
	unsigned refs, pins;
	uint64_t va, length;
	bool writable;
	struct fake_file *file;
	void *view; /* of file */
};

struct fake_area {
	struct fake_area *next;
	uint64_t first, last;
	uint32_t access;
	struct fake_pages *pages; /* type1: NULL */
	uint64_t start;           /* offset in pages; type1: the address of the memory */
};

enum fake_object_kind {
	OBJECT_IOAS,
	OBJECT_HWPT,
	OBJECT_DEVICE
};

struct fake_object {
	struct fake_object *next;
	enum fake_object_kind kind;
	uint32_t id;
	unsigned users;
	struct fake_iommufd *iommufd;
	/* address space */
	struct fake_area *areas;
	struct fake_span *allowed, *reserved;
	uint64_t alignment;
	bool small_pages;
	/* page table */
	struct fake_object *ioas;
	bool automatic;
	/* device */
	struct fake_device *device;
};

struct fake_iommufd {
	struct fake_iommufd *next;
	unsigned refs;
	bool rlimit_process;
	struct fake_object *objects;
};

struct fake_container {
	struct fake_container *next;
	unsigned refs;
	bool has_iommu;
	struct fake_group *groups;
	struct fake_area *areas;
	unsigned entries;
};

/* A mapping into the process. */
struct fake_map {
	struct fake_map *next;
	char *start;
	size_t length;
	struct fake_file *file; /* NULL: anonymous */
};

/* Of the call that takes its time. */
enum fake_hold_state {
	HOLD_NONE,
	HOLD_ARMED,
	HOLD_HELD,
	HOLD_LET_GO,
	HOLD_OVER,
};

struct fake_hold {
	pthread_cond_t changed;
	enum fake_hold_state state;
	unsigned at, calls;
	char name[96];
};

struct fake {
	struct sys sys; /* first: the calls get it back from there */
	pthread_mutex_t lock;
	struct fake_config config;
	struct fake_device devices[FAKE_DEVICES];
	struct fake_group groups[FAKE_DEVICES];
	unsigned group_count;
	struct fake_file *fds[FAKE_FDS];
	struct fake_map *maps;
	struct fake_iommufd *iommufds;
	struct fake_container *containers;
	uint64_t pinned;
	unsigned calls, fail_at;
	int fail_error;
	bool fail_sticky, count_munmap;
	char refused[64];
	unsigned refused_from;
	int refused_error;
	bool refused_once;
	struct fake_hold hold;
	char failed[96];
	char names[FAKE_CALLS][96];
};

/* ---- fake_sys.c ---- */

extern const struct sys fake_sys_table;

/* Take the lock, if there is a fake, and tell this thread's calls from the library's. */
void fake_enter(struct fake *fake);
void fake_leave(struct fake *fake);

/* ---- fake_hold.c ---- */

/* Under the lock, which is open while the call stands. */
void fake_maybe_stop(struct fake *fake, const char *call, const char *what);

/* ---- fake.c ---- */

void *fake_alloc(size_t size);
struct fake_file *fake_file_new(enum fake_file_kind kind);
void fake_file_put(struct fake *fake, struct fake_file *file);
/* The number, or -EMFILE; takes over the file's reference. */
int fake_install(struct fake *fake, struct fake_file *file);
struct fake_file *fake_lookup(struct fake *fake, int fd);

/* ---- fake_memory.c: ranges, areas, pins, mappings of the process ---- */

bool fake_span_hit(const struct fake_span *spans, uint64_t first, uint64_t last);
void fake_span_add(struct fake_span **spans, uint64_t first, uint64_t last, const void *owner);
void fake_span_remove(struct fake_span **spans, const void *owner);
void fake_span_free(struct fake_span **spans);

struct fake_area *fake_area_find(struct fake_area *areas, uint64_t first, uint64_t last);
void fake_area_insert(struct fake_area **areas, struct fake_area *area);

void fake_pages_put(struct fake *fake, struct fake_pages *pages);
int fake_pin(struct fake *fake, struct fake_pages *pages);
void fake_unpin(struct fake *fake, struct fake_pages *pages);
/* 0, -EFAULT or -ENOMEM. */
int fake_check_memory(struct fake *fake, uint64_t va, uint64_t length);

/* The ranges that a device, or for NULL any device, cannot use, one by one; false after the last. */
bool fake_reserved(const struct fake *fake, const struct fake_device *device, unsigned index,
		   struct libiommufd_range *range);

int fake_do_mmap(struct fake *fake, void *addr, size_t length, int prot, int flags, int fd,
		 uint64_t offset, void **ret_addr);
int fake_do_munmap(struct fake *fake, void *addr, size_t length);

/* ---- fake_iommufd.c, fake_ioas.c, fake_hwpt.c ---- */

int fake_iommufd_open(struct fake *fake);
void fake_iommufd_put(struct fake *fake, struct fake_iommufd *iommufd);
int fake_iommufd_ioctl(struct fake *fake, struct fake_file *file, unsigned long request, void *arg);
struct fake_object *fake_object_new(struct fake_iommufd *iommufd, enum fake_object_kind kind);
struct fake_object *fake_object_find(struct fake_iommufd *iommufd, uint32_t id);
void fake_object_free(struct fake *fake, struct fake_object *object);
int fake_ioas_ioctl(struct fake *fake, struct fake_iommufd *iommufd, unsigned long request,
		    void *arg);
void fake_ioas_empty(struct fake *fake, struct fake_object *ioas);
/* How many page tables of an address space there are. */
unsigned fake_domains(const struct fake_object *ioas);
void fake_hwpt_leave(struct fake *fake, struct fake_object *hwpt);
int fake_device_attach(struct fake *fake, struct fake_device *device, uint32_t pt_id);
void fake_device_detach(struct fake *fake, struct fake_device *device);

/* ---- fake_device.c: files of devices ---- */

int fake_cdev_open(struct fake *fake, struct fake_device *device);
void fake_device_enable(struct fake_device *device);
void fake_device_disable(struct fake *fake, struct fake_device *device);
void fake_cdev_unbind(struct fake *fake, struct fake_file *file);
int fake_device_ioctl(struct fake *fake, struct fake_file *file, unsigned long request, void *arg);
ssize_t fake_device_transfer(struct fake_file *file, void *to, const void *from, size_t size,
			     uint64_t offset);
/* The memory behind a mapping of the file; a real fd. */
int fake_device_memory(struct fake_file *file, size_t length, uint64_t offset,
		       uint64_t *ret_offset);

/* ---- fake_irq.c, fake_reset.c, fake_feature.c ---- */

struct vfio_irq_info;
struct vfio_irq_set;
struct vfio_pci_hot_reset_info;
struct vfio_pci_hot_reset;
struct vfio_device_feature;
struct vfio_device_ioeventfd;

/* A reference to the event behind fd; NULL for -1. 0, -EBADF, or -EINVAL if it is no event. */
int fake_event_of(struct fake *fake, int fd, struct fake_file **ret_event);
void fake_event_drop(struct fake *fake, struct fake_file **event);
int fake_irq_info(const struct fake_device *device, struct vfio_irq_info *info);
int fake_set_irqs(struct fake *fake, struct fake_device *device, const struct vfio_irq_set *set);
int fake_device_reset(struct fake_device *device);
int fake_hot_reset_info(struct fake *fake, const struct fake_file *file,
			struct vfio_pci_hot_reset_info *info);
int fake_hot_reset(struct fake *fake, const struct fake_file *file,
		   const struct vfio_pci_hot_reset *cmd);
int fake_feature(struct fake *fake, struct fake_device *device,
		 const struct vfio_device_feature *cmd);
int fake_ioeventfd(struct fake *fake, struct fake_device *device,
		   const struct vfio_device_ioeventfd *cmd);
/* The last user is gone: what it set is forgotten. */
void fake_irq_end(struct fake *fake, struct fake_device *device);
void fake_feature_end(struct fake *fake, struct fake_device *device);

/* ---- fake_group.c, fake_type1.c ---- */

int fake_claim(struct fake *fake, struct fake_group *group, const void *owner, bool alone);
void fake_release(struct fake_group *group);
bool fake_isolated(const struct fake *fake);
int fake_group_open(struct fake *fake, struct fake_group *group);
int fake_group_ioctl(struct fake *fake, struct fake_file *file, unsigned long request, void *arg);
void fake_group_unset(struct fake *fake, struct fake_group *group);
int fake_container_open(struct fake *fake);
/* Can a group use all addresses at which something is mapped? */
bool fake_container_suits(const struct fake *fake, const struct fake_container *container,
			  const struct fake_group *group);
void fake_container_put(struct fake *fake, struct fake_container *container);
void fake_container_empty(struct fake *fake, struct fake_container *container);
int fake_container_ioctl(struct fake *fake, struct fake_container *container, unsigned long request,
			 void *arg);

/* ---- fake_sysfs.c ---- */

struct fake_device *fake_device_at(struct fake *fake, const char *address);
bool fake_on_vfio(const struct fake_device *device);
/* The number of a device's node, by sysfs. */
dev_t fake_devt(const struct fake_device *device);
int fake_open_path(struct fake *fake, const char *path, int flags, bool only_ask);
int fake_read_link(struct fake *fake, const char *path, char *buf, size_t size);
int fake_real_path(struct fake *fake, const char *path, char *buf, size_t size);
/* Names, each with its final 0, and one more; the caller frees it. */
int fake_list_names(struct fake *fake, const char *path, char **ret_names);

#endif
