/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the calls with NULL, unknown names and malformed options. */
#include "states.h"

#include <string.h>

/* Every call in a row gives one line, so each returns what is under test and says nothing else. */
#define CALL(function, expression)           \
	static int function(struct scene *s) \
	{                                    \
		(void)s;                     \
		return expression;           \
	}

static struct libiommufd_device *dev;
static struct libiommufd_ioas *ioas;
static uint64_t number;
static uint32_t word;
static char bytes[4];

static int open_named(struct scene *s, const char *name)
{
	struct libiommufd_device *opened = NULL;
	int r = libiommufd_device_open(s->ctx, name, NULL, &opened);

	libiommufd_device_close(opened, 0);
	return r;
}

static int create_with(struct scene *s, uint32_t size, uint32_t flags)
{
	struct {
		struct libiommufd_ioas_opts opts;
		uint32_t more;
	} from = {{size, flags}, 1};
	struct libiommufd_ioas *created = NULL;

	int r = libiommufd_ioas_create(s->ctx, &from.opts, &created);
	libiommufd_ioas_destroy(created);
	return r;
}

CALL(open_ctx, libiommufd_device_open(NULL, "0000:00:00.0", NULL, &dev))
CALL(open_name, libiommufd_device_open(s->ctx, NULL, NULL, &dev))
CALL(open_output, libiommufd_device_open(s->ctx, s->names[0], NULL, NULL))
CALL(open_nonsense, open_named(s, "nonsense"))
CALL(open_absent, open_named(s, "ffff:1e:1f.7"))
CALL(open_absent_sysfs, open_named(s, "/sys/bus/pci/devices/none"))
CALL(open_group, open_named(s, "/dev/vfio/3"))
CALL(open_container, open_named(s, "/dev/vfio/vfio"))
CALL(open_absent_node, open_named(s, "/dev/vfio/devices/vfio99"))
CALL(bind_null, libiommufd_device_bind(NULL, NULL))
CALL(attach_null, libiommufd_device_attach(NULL, s->x))
CALL(attach_id_null, libiommufd_device_attach_id(NULL, 1))
CALL(detach_null, libiommufd_device_detach(NULL))
CALL(close_null, libiommufd_device_close(NULL, 0))
CALL(reach_null, libiommufd_device_query_reach(NULL, NULL, NULL))
CALL(reach_output, libiommufd_device_query_reach(s->dev0, NULL, NULL))
CALL(fd_null, libiommufd_device_query_fd(NULL, NULL))
CALL(count_null, libiommufd_device_query_region_count(NULL, &word))
CALL(region_null, libiommufd_device_query_region(NULL, 0, NULL))
CALL(read_null, libiommufd_region_read(NULL, 0, bytes, 1))
CALL(write_null, libiommufd_region_write(NULL, 0, bytes, 1))
CALL(map_region_null, libiommufd_region_map(NULL, 0, PAGE, 1, NULL))
CALL(unmap_region_null, libiommufd_region_unmap(NULL, bytes))
CALL(config_null, libiommufd_device_config_read32(NULL, 0, &word))
CALL(config_output, libiommufd_device_config_read32(s->dev0, 0, NULL))
CALL(config_write_null, libiommufd_device_config_write32(NULL, 0, 0))
CALL(master_null, libiommufd_device_set_bus_master(NULL, true))
CALL(facts_null, libiommufd_device_query_facts(NULL, NULL))
CALL(create_ctx, libiommufd_ioas_create(NULL, NULL, &ioas))
CALL(create_output, libiommufd_ioas_create(s->ctx, NULL, NULL))
CALL(create_size_4, create_with(s, 4, 0))
CALL(create_flags, create_with(s, 8, 1))
CALL(create_longer, create_with(s, 12, 0))
CALL(destroy_null, libiommufd_ioas_destroy(NULL))
CALL(map_null, libiommufd_ioas_map(NULL, bytes, PAGE, 1, &number))
CALL(map_output, libiommufd_ioas_map(s->x, s->memory, PAGE, 1, NULL))
CALL(map_at_null, libiommufd_ioas_map_at(NULL, s->memory, PAGE, 1, 0))
CALL(map_file_null, libiommufd_ioas_map_file(NULL, s->file, 0, PAGE, 1, &number))
CALL(copy_null, libiommufd_ioas_copy(NULL, s->x, PROBE, PAGE, 1, &number))
CALL(copy_source, libiommufd_ioas_copy(s->y, NULL, PROBE, PAGE, 1, &number))
CALL(unmap_null, libiommufd_ioas_unmap(NULL, 0, PAGE, NULL))
CALL(unmap_all_null, libiommufd_ioas_unmap_all(NULL, NULL))
CALL(ranges_null, libiommufd_ioas_query_ranges(NULL, NULL))
CALL(allow_null, libiommufd_ioas_allow_iovas(NULL, NULL, 0))
CALL(allow_list, libiommufd_ioas_allow_iovas(s->x, NULL, 1))
CALL(huge_null, libiommufd_ioas_set_huge_pages(NULL, true))
CALL(ask_huge_null, libiommufd_ioas_query_huge_pages(NULL, NULL))
CALL(has_null, libiommufd_ctx_has(NULL, 1))
CALL(ctx_fd_null, libiommufd_ctx_query_fd(NULL, NULL))

const struct call null_calls[] = {
	{"open-null-ctx", open_ctx},
	{"open-null-name", open_name},
	{"open-null-output", open_output},
	{"open-nonsense", open_nonsense},
	{"open-absent-address", open_absent},
	{"open-absent-directory", open_absent_sysfs},
	{"open-group", open_group},
	{"open-container", open_container},
	{"open-absent-node", open_absent_node},
	{"bind-null", bind_null},
	{"attach-null-device", attach_null},
	{"attach-id-null", attach_id_null},
	{"detach-null", detach_null},
	{"close-null", close_null},
	{"reach-null", reach_null},
	{"reach-null-output", reach_output},
	{"query-fd-null", fd_null},
	{"region-count-null", count_null},
	{"region-null", region_null},
	{"region-read-null", read_null},
	{"region-write-null", write_null},
	{"region-map-null", map_region_null},
	{"region-unmap-null", unmap_region_null},
	{"config-read-null", config_null},
	{"config-read-null-output", config_output},
	{"config-write-null", config_write_null},
	{"bus-master-null", master_null},
	{"facts-null", facts_null},
	{"create-null-ctx", create_ctx},
	{"create-null-output", create_output},
	{"create-size-4", create_size_4},
	{"create-unknown-flag", create_flags},
	{"create-unknown-field", create_longer},
	{"destroy-null", destroy_null},
	{"map-null-space", map_null},
	{"map-null-output", map_output},
	{"map-at-null-space", map_at_null},
	{"map-file-null-space", map_file_null},
	{"copy-null-space", copy_null},
	{"copy-null-source", copy_source},
	{"unmap-null", unmap_null},
	{"unmap-all-null", unmap_all_null},
	{"ranges-null", ranges_null},
	{"allow-null", allow_null},
	{"allow-null-list", allow_list},
	{"set-large-pages-null", huge_null},
	{"query-large-pages-null", ask_huge_null},
	{"has-null", has_null},
	{"ctx-query-fd-null", ctx_fd_null},
	{0},
};
