/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns claiming devices for user space and releasing them: alone or with their group, whole or not at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "holder.h"
#include "module.h"
#include "node.h"
#include "record.h"
#include "sysfs.h"

/* The devices of one call. */
struct team {
	size_t count;
	struct libiommufd_host_devices **members;
};

static void team_free(struct team *team)
{
	for (size_t i = 0; i < team->count; i++)
		libiommufd_host_devices_free(team->members[i]);
	free(team->members);
}

static const struct libiommufd_host_device *team_get(const struct team *team, size_t index)
{
	return &team->members[index]->devices[0];
}

/* The device, and with it the members of its group that are no bridges. */
static int team_find(struct libiommufd_host *host, struct op *op, const char *name, bool group,
		     struct team *team)
{
	struct libiommufd_host_devices *first, *other;
	char path[128];

	*team = (struct team){0};
	int r = device_find(host, op, name, &first);
	if (r < 0)
		return r;
	const struct libiommufd_host_device *device = &first->devices[0];
	if (group && libiommufd_host_device_get_member_count(device) == LIBIOMMUFD_FACT_UNKNOWN) {
		libiommufd_host_devices_free(first);
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP,
			       "who else is in its IOMMU group cannot be read");
	}
	size_t others = group && device->group ? device->group->count : 0;
	team->members = calloc(others + 1, sizeof(*team->members));
	if (!team->members) {
		libiommufd_host_devices_free(first);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	team->members[team->count++] = first;
	for (size_t i = 0; i < others; i++) {
		const struct member *member = &device->group->members[i];
		if (!strcmp(member->name, device->name))
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices/%s",
			 device->number, member->name);
		r = device_find(host, op, path, &other);
		if (r < 0) {
			team_free(team);
			return r;
		}
		if (device_is_bridge(host->sys, &other->devices[0]))
			libiommufd_host_devices_free(other);
		else
			team->members[team->count++] = other;
	}
	return 0;
}

/* The driver that a module brings, as it calls itself: mlx5_vfio_pci, but vfio-pci. */
static int take_driver(void *data, const char *name)
{
	const char *colon = strchr(name, ':');

	if (colon && strlen(colon + 1) < DEVICE_DRIVER)
		strcpy(data, colon + 1);
	return 1;
}

static int choose_driver(struct libiommufd_host *host, struct op *op,
			 const struct libiommufd_host_device *device,
			 const struct libiommufd_host_claim_opts *opts, char *buf)
{
	struct libiommufd_host_modules modules;
	char dir[96];

	/* It may have been claimed before, or by hand. */
	if (!opts->driver && device->driver[0] && libiommufd_host_device_is_on_vfio(device)) {
		strcpy(buf, device->driver);
		return 0;
	}
	if (modules_look(host, device, opts->backend, &modules) < 0)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	if (opts->backend != LIBIOMMUFD_BACKEND_AUTO) {
		int r = module_load(host, op, &modules.modules[0]);
		if (r < 0)
			return r;
	}
	if (opts->driver) {
		snprintf(buf, DEVICE_DRIVER, "%s", opts->driver);
		return 0;
	}
	if (modules.count < 2)
		return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			       "vfio has no driver to bind on bus %s by hand", device->bus);
	int r = module_load(host, op, &modules.modules[1]);
	if (r < 0)
		return r;
	strcpy(buf, modules.driver);
	snprintf(dir, sizeof(dir), "/sys/module/%s/drivers", modules.modules[1].name);
	host->sys->list(host->sys, dir, take_driver, buf);
	return 0;
}

/* What one device was when the call began, so that the call can be undone. */
struct step {
	bool moved, had_record;
	struct record record; /* as it stood in the file */
	char driver[DEVICE_DRIVER], override[DEVICE_OVERRIDE];
};

/*
 * The kernel waits for an open device to be closed before a driver lets go of it, for ever if need be, and
 * whoever claims or releases waits for us.
 */
static int check_unused(const struct sys *sys, struct op *op,
			const struct libiommufd_host_device *device)
{
	struct holder holder;

	int r = holders_find(sys, device, true, &holder, 1);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_MEMORY, "no memory");
	if (r)
		return op_fail(op, -EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY,
			       "process %d (%s) has %s open; let it close that first", holder.pid,
			       holder.command, holder.path);
	if (holders_unseen(sys, device))
		return op_fail(op, -EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY,
			       "IOMMU group %d is in use, by a process that /proc does not show "
			       "here, or that has only memory of a device mapped; end it first",
			       device->number);
	return 0;
}

static int read_state(const struct sys *sys, struct op *op,
		      const struct libiommufd_host_device *device, char *driver, char *override)
{
	int r = driver_current(sys, device, driver, DEVICE_DRIVER);

	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "its driver cannot be told: %s",
			       strerrordesc_np(-r));
	r = driver_get_override(sys, device, override, DEVICE_OVERRIDE);
	if (r == -ENOENT && device_is_gone(sys, device))
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
			       "%s is gone: it was removed meanwhile", device->name);
	if (r == 0 && strlen(override) == DEVICE_OVERRIDE - 1)
		return op_fail(op, -ENAMETOOLONG, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			       "its driver_override is longer than any driver's name, and could "
			       "not be put back");
	if (r == -ENOENT)
		return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			       "devices of bus %s cannot be bound to a driver by name",
			       device->bus);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
			       "its driver_override cannot be read: %s", strerrordesc_np(-r));
	return 0;
}

static void put_back(const struct sys *sys, int dir, const struct libiommufd_host_device *device,
		     struct step *step)
{
	char driver[DEVICE_DRIVER], override[DEVICE_OVERRIDE];
	struct op op;

	op_begin(&op, "claim_device", "", NULL);
	if (check_unused(sys, &op, device) == 0)
		driver_move(sys, &op, device, step->override, step->driver);
	int r = read_state(sys, &op, device, driver, override);
	bool gone = device_is_gone(sys, device);
	/* Else the record stays: someone can still put things right. */
	if (!gone && (r < 0 || strcmp(driver, step->driver) || strcmp(override, step->override)))
		return;
	if (!gone && step->had_record)
		record_write(&op, dir, device, &step->record);
	else
		record_remove(dir, device);
}

static int claim_one(struct libiommufd_host *host, struct op *op, int dir,
		     const struct libiommufd_host_device *device,
		     const struct libiommufd_host_claim_opts *opts, struct step *step)
{
	const struct sys *sys = host->sys;
	char wanted[DEVICE_DRIVER];
	struct record record;

	if (device_is_bridge(sys, device))
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			       "%s is a bridge, which vfio gives to nobody", device->name);
	int r = choose_driver(host, op, device, opts, wanted);
	if (r == 0)
		r = read_state(sys, op, device, step->driver, step->override);
	if (r < 0)
		return r;
	r = record_read(op, dir, device, &step->record);
	if (r < 0 && r != -ENOENT)
		return r;
	step->had_record = r == 0;
	/* On a driver that we did not give it: it was moved on by hand, and the record is out of date. */
	bool claimed = step->had_record &&
		       (!step->driver[0] || !strcmp(step->driver, step->record.claimed));
	if (claimed && !strcmp(step->driver, wanted))
		return 0;
	if (step->driver[0] && strcmp(step->driver, wanted) &&
	    libiommufd_host_device_is_on_vfio(device)) {
		r = check_unused(sys, op, device);
		if (r < 0)
			return r;
	}
	record = step->record;
	if (!claimed) {
		strcpy(record.driver, step->driver);
		strcpy(record.override, step->override);
	}
	strcpy(record.claimed, wanted);
	r = record_write(op, dir, device, &record);
	if (r < 0)
		return r;
	r = driver_move(sys, op, device, wanted, wanted);
	if (r < 0)
		put_back(sys, dir, device, step);
	else
		step->moved = true;
	return r;
}

static int release_one(struct libiommufd_host *host, struct op *op, int dir,
		       const struct libiommufd_host_device *device)
{
	char driver[DEVICE_DRIVER], override[DEVICE_OVERRIDE];
	const struct sys *sys = host->sys;
	struct record record;

	int r = record_read(op, dir, device, &record);
	if (r == 0)
		r = read_state(sys, op, device, driver, override);
	if (r < 0)
		return r;
	/* Someone else's choice, or another device in its slot. */
	if (driver[0] && strcmp(driver, record.claimed) && strcmp(driver, record.driver)) {
		record_remove(dir, device);
		return op_fail(op, -ENOENT, LIBIOMMUFD_HOST_REASON_NOT_CLAIMED,
			       "%s was claimed for %s, and is on %s by now: it stays there, and "
			       "its "
			       "record is gone",
			       device->name, record.claimed, driver);
	}
	if (driver[0] && strcmp(driver, record.driver)) {
		r = check_unused(sys, op, device);
		if (r < 0)
			return r;
	}
	r = driver_move(sys, op, device, record.override, record.driver);
	if (r == 0)
		record_remove(dir, device);
	return r;
}

/* The new driver has made nodes that the snapshot does not know. */
static int settle(struct libiommufd_host *host, struct op *op,
		  const struct libiommufd_host_device *device,
		  const struct libiommufd_host_claim_opts *opts, struct node_wish *wish)
{
	struct libiommufd_host_devices *now;

	int r = device_find(host, op, device->sysfs, &now);
	if (r < 0)
		return r;
	r = node_wait(host, op, &now->devices[0], opts->backend, wish);
	if (r == 0 && (opts->flags & LIBIOMMUFD_HOST_CLAIM_PERMIT))
		r = node_permit(host, op, &now->devices[0], opts->uid, wish);
	libiommufd_host_devices_free(now);
	return r;
}

static int claim_team(struct libiommufd_host *host, struct op *op, int dir, const struct team *team,
		      const struct libiommufd_host_claim_opts *opts, struct step *steps)
{
	struct node_wish wish;

	int r = node_begin(&wish, op, host, team_get(team, 0));
	for (size_t i = 0; r == 0 && i < team->count; i++)
		r = claim_one(host, op, dir, team_get(team, i), opts, &steps[i]);
	node_deadline(&wish, opts->timeout_ms ? opts->timeout_ms : 5000);
	for (size_t i = 0; r == 0 && i < team->count; i++) {
		wish.is_new = steps[i].moved;
		r = settle(host, op, team_get(team, i), opts, &wish);
	}
	for (size_t i = team->count; r < 0 && i-- > 0;)
		if (steps[i].moved)
			put_back(host->sys, dir, team_get(team, i), &steps[i]);
	node_end(&wish);
	return r;
}

static int claim(struct libiommufd_host *host, struct op *op, const char *name,
		 const struct libiommufd_host_claim_opts *given)
{
	struct libiommufd_host_claim_opts opts;
	struct records records;
	struct team team;

	int r = op_options(op, given, &opts, sizeof(opts),
			   LIBIOMMUFD_HOST_CLAIM_GROUP | LIBIOMMUFD_HOST_CLAIM_PERMIT);
	if (r < 0)
		return r;
	if (opts.reserved || opts.backend > LIBIOMMUFD_BACKEND_TYPE1 ||
	    (opts.driver && (!*opts.driver || strlen(opts.driver) >= DEVICE_DRIVER ||
			     strpbrk(opts.driver, "/\n"))))
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS,
			       "there is no such backend, the driver's name is none, or reserved "
			       "is not 0");
	/* To chown() that means to leave it. */
	if ((opts.flags & LIBIOMMUFD_HOST_CLAIM_PERMIT) && opts.uid == UINT32_MAX)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS, "there is no user %u",
			       opts.uid);
	r = team_find(host, op, name, opts.flags & LIBIOMMUFD_HOST_CLAIM_GROUP, &team);
	if (r < 0)
		return r;
	struct step *steps = calloc(team.count, sizeof(*steps));
	if (!steps) {
		team_free(&team);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	r = records_open(op, host->record_dir, true, &records);
	if (r == 0) {
		r = claim_team(host, op, records.dir, &team, &opts, steps);
		records_close(&records);
	}
	free(steps);
	team_free(&team);
	return r;
}

EXPORT int libiommufd_host_claim_device(struct libiommufd_host *host, const char *name,
					const struct libiommufd_host_claim_opts *opts)
{
	struct op op;

	op_begin(&op, "claim_device", name ? name : "", host_log(host));
	if (!host || !name)
		return op_end(&op, op_null(&op, "host or name"));
	return op_end(&op, claim(host, &op, name, opts));
}

/* Those that were claimed: others of the group can have been released before, or by a call that failed halfway. */
static int release_team(struct libiommufd_host *host, struct op *op, int dir,
			const struct team *team)
{
	size_t claimed = 0;

	for (size_t i = 0; i < team->count; i++) {
		int r = release_one(host, op, dir, team_get(team, i));
		/* Without a sentence: there was no record. */
		if (r == -ENOENT && !op->error)
			continue;
		if (r < 0)
			return r;
		claimed++;
	}
	if (claimed)
		return 0;
	return op_fail(op, -ENOENT, LIBIOMMUFD_HOST_REASON_NOT_CLAIMED,
		       "%s was not claimed, so that nobody knows what it was before",
		       team_get(team, 0)->name);
}

static int release(struct libiommufd_host *host, struct op *op, const char *name,
		   const struct libiommufd_host_release_opts *given)
{
	struct libiommufd_host_release_opts opts;
	struct records records;
	struct team team;

	int r = op_options(op, given, &opts, sizeof(opts), LIBIOMMUFD_HOST_RELEASE_GROUP);
	if (r < 0)
		return r;
	r = team_find(host, op, name, opts.flags & LIBIOMMUFD_HOST_RELEASE_GROUP, &team);
	if (r < 0)
		return r;
	r = records_open(op, host->record_dir, false, &records);
	if (r == -ENOENT)
		op_fail(op, r, LIBIOMMUFD_HOST_REASON_NOT_CLAIMED,
			"nothing was claimed: there is no directory %s", host->record_dir);
	if (r == 0) {
		r = release_team(host, op, records.dir, &team);
		records_close(&records);
	}
	team_free(&team);
	return r;
}

EXPORT int libiommufd_host_release_device(struct libiommufd_host *host, const char *name,
					  const struct libiommufd_host_release_opts *opts)
{
	struct op op;

	op_begin(&op, "release_device", name ? name : "", host_log(host));
	if (!host || !name)
		return op_end(&op, op_null(&op, "host or name"));
	return op_end(&op, release(host, &op, name, opts));
}
