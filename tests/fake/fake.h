/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A model of a kernel behind struct sys: /dev/iommu, VFIO character devices with interrupts, resets and
 * features, VFIO groups with type1 containers, and the part of sysfs that belongs to them, in this process
 * and with real memory for what can be mapped. It answers as Linux 6.12 does. Everything it holds can be
 * printed, so that a test can tell that nothing was left behind; any call can be made to fail, or to take
 * its time.
 */
#ifndef LIBIOMMUFD_FAKE_H
#define LIBIOMMUFD_FAKE_H

#include "libiommufd.h"
#include "sys.h"

#define FAKE_DEVICES  32
#define FAKE_RESERVED 40

struct fake;

struct fake_device_config {
	const char *address; /* "0000:00:07.0" */
	int group;           /* -1: none */
	const char *driver;  /* "" or NULL: none */
	uint64_t bar[6];     /* sizes; 0: absent */
	int msix_bar;        /* this one has a hole in its second page; -1: none */
	uint16_t vendor, device;
	unsigned msi, msix; /* vectors, at most 8 */
	bool no_reset;      /* of its own */
	int slot;           /* a hot reset resets all of the same number; 0: there is none */
};

/* Which nodes exist but may not be opened. */
enum fake_deny {
	FAKE_DENY_IOMMU = 1 << 0,
	FAKE_DENY_CDEV = 1 << 1,
	FAKE_DENY_CONTAINER = 1 << 2,
	FAKE_DENY_GROUP = 1 << 3,
};

struct fake_config {
	bool no_iommufd;   /* /dev/iommu is not there */
	bool no_cdev;      /* VFIO character devices are not */
	bool no_container; /* /dev/vfio/vfio is not */
	bool no_type1;     /* it is, but without an IOMMU driver */
	bool old_type1;    /* containers as before 5.4: they tell and check no addresses */
	unsigned deny;     /* enum fake_deny */
	bool stale_node;   /* the nodes of devices have other numbers than sysfs says */
	bool map_file;     /* IOMMU_IOAS_MAP_FILE, as from 6.13 on */
	bool no_remapping; /* interrupts cannot be isolated */
	bool allow_unsafe; /* the module parameters allow that */
	bool no_resource;  /* without CAP_SYS_RESOURCE */
	uint64_t memlock;  /* RLIMIT_MEMLOCK in bytes; 0: unlimited */
	unsigned entries;  /* type1's dma_entry_limit; 0: 65535 */
	/* Addresses no device can use, sorted. None: what an Intel IOMMU has. */
	struct libiommufd_range reserved[FAKE_RESERVED];
	unsigned reserved_count;
	struct libiommufd_range own[FAKE_DEVICES]; /* no other device lacks these; {0, 0}: none */
	struct fake_device_config devices[FAKE_DEVICES];
	unsigned device_count;
};

/*
 * Two functions of one device in group 3, both on vfio-pci; a device alone in group 5 with a large BAR
 * and one with a hole, on vfio-pci; one in group 7 on vfio-pci beside one on e1000e; another one alone,
 * in group 9. 8 MiB may be pinned.
 */
extern const struct fake_config fake_default;

#define FAKE_DEV0  "0000:00:07.0"
#define FAKE_DEV1  "0000:00:07.1"
#define FAKE_ALONE "0000:00:09.0"
#define FAKE_MIXED "0000:0a:00.0"
#define FAKE_HOST  "0000:0a:00.1"
#define FAKE_THIRD "0000:0b:00.0"

/* NULL: fake_default. */
struct fake *fake_new(const struct fake_config *config);
/* Everything must be closed. */
void fake_free(struct fake *fake);

const struct sys *fake_sys(struct fake *fake);

/* May be changed between calls. */
struct fake_config *fake_config(struct fake *fake);

/* Bind a device to a driver of the host, "vfio-pci", or none. What the kernel answers to that. */
int fake_set_driver(struct fake *fake, const char *address, const char *driver);

/* A file in memory that can be sealed, or one that cannot; an fd of the fake's. */
int fake_file(struct fake *fake, uint64_t size, bool sealable, int flags);
/* Other kinds of files: an eventfd, and one that is nothing special. */
int fake_event(struct fake *fake);
int fake_text_file(struct fake *fake);

/* The id of an object made behind the library's back from an address space: a page table. */
uint32_t fake_hwpt_alloc(struct fake *fake, uint32_t ioas_id, uint32_t device_id);

/* ---- What the hardware would do ---- */

enum fake_reach {
	FAKE_BLOCKED,
	FAKE_REACHES, /* memory of this process */
	FAKE_KERNEL,  /* the kernel's own translation, or none at all */
};

struct fake_dma {
	enum fake_reach reach;
	void *va;
};

/* Where a read or write of the device at iova ends up. Bus mastering is not looked at. */
struct fake_dma fake_dma(struct fake *fake, const char *address, uint64_t iova, bool write);

/* May the device issue DMA at all? */
bool fake_masters_bus(struct fake *fake, const char *address);

struct fake_mapping {
	uint64_t first, last;
	uint32_t access; /* as the interface numbers it */
	const void *va;
};

/* What the container, or the page table, of a device's group holds: at most room, sorted; how many. */
unsigned fake_mappings(struct fake *fake, const char *address, struct fake_mapping *to,
		       unsigned room);

/* The groups in the container of a device's group, a bit for each number; 0: it is in none. */
uint64_t fake_groups_with(struct fake *fake, const char *address);

/* ---- What is there ---- */

/*
 * All open files, objects, mappings and owners as text; the caller frees it. It does not tell in which
 * order they were opened, nor what number a file has.
 */
char *fake_dump(struct fake *fake);

/* Parts of that as numbers. */
struct fake_counts {
	unsigned fds;
	unsigned objects;    /* of all /dev/iommu files */
	unsigned containers; /* of type1 */
	unsigned mappings;   /* of address spaces and containers */
	unsigned own_maps;   /* parts of the process's memory that the library mapped */
	uint64_t own_bytes;
	uint64_t pinned_bytes;
};
struct fake_counts fake_counts(struct fake *fake);

/* ---- Calls and failures ---- */

/*
 * Calls are counted from 1 on. close, munmap and getpid are not: the kernel does not fail them for the
 * library. close() frees the fd whatever it returns, and the files here have nothing to flush; munmap()
 * fails only on bad arguments or where it splits a mapping, and the library unmaps whole ones; getpid()
 * cannot. A test of what the library does should munmap() fail after all can count that.
 */
void fake_count_from_here(struct fake *fake, bool with_munmap);
unsigned fake_call_count(struct fake *fake);
/* Such as "open /dev/iommu" or "ioctl IOMMU_IOAS_MAP"; NULL if there was none. */
const char *fake_call_name(struct fake *fake, unsigned nth);

/*
 * Let the nth call counted fail with a negative errno, and with sticky all after it too but for two that
 * the kernel does not refuse: VFIO_IOMMU_UNMAP_DMA of what was mapped that way, and
 * VFIO_GROUP_UNSET_CONTAINER of a group without open devices. 0: none.
 */
void fake_fail(struct fake *fake, unsigned nth, int error, bool sticky);
/* The name of the call that failed so; NULL if none did yet. */
const char *fake_failed(struct fake *fake);

/*
 * Let calls of that name fail from the nth of them on, whatever else is to fail: also those that no kernel
 * refuses as long as the library is right. NULL: none.
 */
void fake_refuse(struct fake *fake, const char *call, unsigned nth, int error);
/* The nth of them alone. */
void fake_refuse_once(struct fake *fake, const char *call, unsigned nth, int error);

/*
 * Let one thread's nth call, of whatever kind, stop before it does anything, while those of others go on:
 * fake_hold() from anywhere, then fake_hold_begin() and fake_hold_end() around what that thread does.
 */
void fake_hold(struct fake *fake, unsigned nth);
void fake_hold_begin(void);
void fake_hold_end(struct fake *fake);
/* Wait until the thread stands at that call: true; or is at its end, for there are fewer: false. */
bool fake_await_held(struct fake *fake);
/* The name of the call it stands at. */
const char *fake_held_name(struct fake *fake);
void fake_let_go(struct fake *fake);

/* Is this thread inside the fake? For a test that counts the library's allocations. */
bool fake_is_inside(void);

#endif
