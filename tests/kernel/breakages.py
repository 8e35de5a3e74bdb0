# SPDX-License-Identifier: LGPL-2.1-or-later
"""Breakages of the series for 6.1: name, file, a text that is in it once, what stands there instead, and the step
that must notice. A step is a command that is green on the series as it is."""


def _lab(program: str, *words: str, options: str = '', devices: str = 'edu-functions,edu,mdev') -> list:
    return ['{lab}', 'run', '--kernel-tree', '{tree}', '--mem', '1024', '--devices', devices, *options.split(),
            '--timeout', '300', '--', '{build}/tests/kernel/' + program, *words]


def _conformance(iommu: str, *sections: str) -> list:
    return ['{here}/conformance', '{build}', '--kernel-tree', '{tree}', '--iommu', iommu, *sections]


def _idle(*words: str, devices: str = 'edu,edu-functions', regions: tuple = ()) -> list:
    return ['{lab}', 'run', '--kernel-tree', '{tree}', '--no-bind', '--devices', devices, '--append', 'iommu=pt iommu.block_idle=1',
            *(word for region in regions for word in ('--region', region)),
            '--timeout', '300', '--', '{build}/tests/kernel/idle', 'blocked', *words]


STEPS = {
    'facts of spaces': _conformance('intel', 'objects', 'map', 'unmap', 'copy', 'ranges', 'allowed', 'option', 'hwpt'),
    'facts of memory': _conformance('intel', 'memory', 'limit', 'passing', 'file'),
    'facts of devices': _conformance('intel', 'bind', 'unbound', 'attach', 'move', 'functions', 'unopened', 'exclusion',
                                     'hot_reset', 'close', 'compat'),
    'facts of blocking': _conformance('intel-pt', 'unopened', 'attach'),
    'failures': _lab('failures', 'map-device', 'map-tables', 'unmap-device', 'map-device-scattered', 'copy-tables', 'attach-second', 'move',
                     'move-two', 'table', options='--icount --append hugepages=4'),
    'fuzz': _lab('fuzz', '-n', '60000', '-s', '7', options='--icount', devices='edu,edu2,edu-functions,mdev'),
    'pins': _lab('races', '-t', '3', 'pins', devices='mcopy'),
    'idle': _idle(),
    'exempt': _idle('exempt', devices='edu,xhci,vga,ahci,impostors,edu-conventional'),
    'regions': _idle('regions', regions=('EDU0:0x10000000:0x2000', 'EDU1:0x10004000:0x1000', 'EDU2:0x10006000:0x1000')),
}

_IOMMUFD = 'drivers/iommu/iommufd/'

BREAKAGES = (
    # ---- Memory ----
    ('a copy raises the access', _IOMMUFD + 'ioas.c', 'if (prot & IOMMU_WRITE && !map->mem->writable)', 'if (0)',
     'facts of spaces'),
    ('what a failed map has mapped stays', _IOMMUFD + 'maps.c', 'while (iova != map->iova) {',
     'while (iova != map->iova && 0) {', 'failures'),
    ('other tables keep what failed in the last', _IOMMUFD + 'ioas.c',
     'list_for_each_entry_continue_reverse(hwpt, &ioas->hwpts, item) {',
     'list_for_each_entry_continue_reverse(hwpt, &ioas->hwpts, item) {\n\t\tif (1) continue;', 'failures'),
    ('memory is unpinned while an IOTLB knows it', _IOMMUFD + 'ioas.c',
     'map_out_of_domain(maps[i], hwpt->domain, &gather);\n\t\tiommu_iotlb_sync(hwpt->domain, &gather);',
     'map_out_of_domain(maps[i], hwpt->domain, &gather);', 'facts of spaces'),
    ('what is unmapped stays accounted', _IOMMUFD + 'pages.c',
     'page = (u64)cover->last + 1;\n\t}\n\tunaccount(mem->owner, unpin.npages);', 'page = (u64)cover->last + 1;\n\t}',
     'facts of memory'),
    ('what a failed pin has pinned stays', _IOMMUFD + 'pages.c', 'if (ret)\n\t\tiommufd_mem_uncover(mem, cover);',
     'if (ret)\n\t\tcovers_remove(cover, &mem->covers);', 'facts of memory'),
    ('a sub-range copy keeps all of the memory', _IOMMUFD + 'pages.c',
     'runs_remove(&mem->pins, mem->npages, page,\n\t\t\t\t    cover->first - 1, unpin_run, &unpin);', ';', 'facts of spaces'),
    ('a device reads what the zero page was', _IOMMUFD + 'pages.c', 'flags |= FOLL_WRITE | FOLL_FORCE;', ';',
     'facts of memory'),
    ('a read-only map can be written', _IOMMUFD + 'ioctls.c', 'if (flags & IOMMU_IOAS_MAP_WRITEABLE)', 'if (flags)',
     'facts of spaces'),
    ('RLIMIT_MEMLOCK is not looked at', _IOMMUFD + 'pages.c', 'if (npages > limit || old > limit - npages)', 'if (0)',
     'facts of memory'),
    ('runs that touch are one', _IOMMUFD + 'pages.c', 'if (pfn != end) {', 'if (pfn < end || pfn > end + 1) {', 'facts of memory'),
    ('the next batch goes on with the last run', _IOMMUFD + 'pages.c', 'end = first + run_count(run);\n\t\t\tbatch->nruns--;',
     'end = first + run_count(run);', 'failures'),
    ('a page alone goes one page further', 'drivers/iommu/iommu.c',
     'ret = ops->map_pages(domain, iova, paddr, PAGE_SIZE, 1, prot, gfp,\n\t\t\t     &mapped);\n\tif (!ret)\n\t\ttrace_map',
     'ret = ops->map_pages(domain, iova, paddr, PAGE_SIZE, 2, prot, gfp,\n\t\t\t     &mapped);\n\tif (!ret)\n\t\ttrace_map',
     'facts of spaces'),
    # ---- Spaces and objects ----
    ('reserved addresses are mapped', _IOMMUFD + 'ioas.c', 'interval_tree_iter_first(&ioas->reserved, iova, last))', '0)',
     'facts of spaces'),
    ('what is used can be destroyed', _IOMMUFD + 'main.c', 'else if (obj->users)', 'else if (0)', 'facts of spaces'),
    ('a cut unmap takes the cut map', _IOMMUFD + 'ioas.c', 'if (map->iova < iova || map->last > last)', 'if (map->iova < iova)',
     'facts of spaces'),
    ('unmap does not ask drivers to let go', _IOMMUFD + 'ioas.c',
     'iommufd_access_notify(ioas, told, told_last - told + 1);', ';', 'pins'),
    # ---- Devices ----
    ('a bound device moves its group', _IOMMUFD + 'device.c', 'if (old && !idev->attached)', 'if (0)', 'facts of devices'),
    ('a detached group is left where it was', _IOMMUFD + 'device.c', 'iommu_group_replace_domain(ig->group, NULL);', ';',
     'facts of devices'),
    ('a group with two owners', 'drivers/iommu/iommu.c', 'if (group->owner != owner)', 'if (0)', 'facts of devices'),
    ('the first close frees the group', 'drivers/iommu/iommu.c', 'if (--group->owner_cnt)\n\t\treturn;', 'group->owner_cnt = 0;',
     'facts of devices'),
    ('bind blocks nothing', 'drivers/iommu/iommu.c',
     'ret = __iommu_group_set_domain(group, group->blocking_domain);\n\tif (ret)\n\t\treturn ret;\n\tgroup->owner = owner;',
     'group->owner = owner;', 'facts of blocking'),
    ('a failed move is not undone', 'drivers/iommu/iommu.c', '__iommu_group_undo_set_domain(group, new_domain,\n\t\t\t\t\t\t      device);',
     ';', 'failures'),
    ('an unbound file does all', 'drivers/vfio/cdev.c', 'if (cmd != VFIO_DEVICE_BIND_IOMMUFD)',
     'if (cmd == VFIO_DEVICE_GET_INFO)\n\t\treturn vfio_bound_ioctl(df, cmd, arg);\n\tif (cmd != VFIO_DEVICE_BIND_IOMMUFD)',
     'facts of devices'),
    # ---- Idle devices ----
    ('a device that its driver leaves is not blocked', 'drivers/iommu/idle.c', """		return IOMMU_IDLE_BLOCK | IOMMU_IDLE_LATER;
	return IOMMU_IDLE_BLOCK;""", """		return IOMMU_IDLE_BLOCK | IOMMU_IDLE_LATER;
	return IOMMU_IDLE_DEFAULT;""", 'idle'),
    ('a device that joins is not asked what it needs', 'drivers/iommu/iommu.c', 'domain = iommu_group_idle_domain(group);\n\tif (domain',
     'domain = group->domain;\n\tif (domain', 'regions'),
    ('DMA is let go of before devres', 'drivers/base/dd.c', """	devres_release_all(dev);
	if (dev->bus && dev->bus->dma_cleanup)
		dev->bus->dma_cleanup(dev);""", """	if (dev->bus && dev->bus->dma_cleanup)
		dev->bus->dma_cleanup(dev);
	devres_release_all(dev);""", 'idle'),
    ('a bridge that lends its ID is none', 'drivers/iommu/idle.c', 'pci_pcie_type(pdev) == PCI_EXP_TYPE_ROOT_PORT ||',
     'pci_is_bridge(pdev) ||', 'exempt'),
    ('the display of the boot comes again', 'drivers/iommu/idle.c', 'system_state < SYSTEM_RUNNING', '1', 'exempt'),
    ('the display of the boot is exempt for ever', 'drivers/iommu/iommu.c', 'device->idle &= ~IOMMU_IDLE_LATER;', ';', 'exempt'),
    ('anything is an ISA bridge', 'drivers/iommu/intel/iommu.c', '(!iommu_block_idle || pci_is_root_bus(pdev->bus))', '1', 'exempt'),
    ('a region outlives its device', 'drivers/iommu/iommu.c', '''	group->regions_domain = NULL;
	list_for_each_entry(device, &group->devices, list)
		device->idle &= ~IOMMU_IDLE_MAPPED;''', '	regions = NULL;', 'regions'),
    ('a region is lost with another device', 'drivers/iommu/iommu.c', 'device->idle &= ~IOMMU_IDLE_MAPPED;', ';', 'regions'),
)
