# SPDX-License-Identifier: LGPL-2.1-or-later
"""What makes a kernel in the cache the right one."""
from labkit import LabError, kconfig, kernels

from .harness import TMP, test


@test
def a_symbol_without_effect_is_an_error_that_names_it():
    config = TMP / 'config'
    config.write_text('CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=m\n')
    kconfig.verify({'CONFIG_A': 'y', 'CONFIG_B': 'n', 'CONFIG_D': 'n'}, config)
    for name in ('CONFIG_B', 'CONFIG_C', 'CONFIG_D'):
        try:
            kconfig.verify({'CONFIG_A': 'y', name: 'y'}, config)
        except LabError as e:
            assert name in str(e) and 'CONFIG_A' not in str(e)
        else:
            raise AssertionError(f'{name} was not missed')


@test
def the_cached_kernel_depends_on_every_input():
    fragment, series, patch = TMP / 'x.config', TMP / 'patches/series', TMP / 'patches/0001.patch'
    series.parent.mkdir()
    series.write_text('0001.patch\n')

    class Other(kernels.Kernel):
        def fragment_paths(self):
            return [fragment]
    seen = set()
    for config, text, version in (('a', 'p', '1'), ('b', 'p', '1'), ('b', 'q', '1'), ('b', 'q', '2')):
        fragment.write_text(config)
        patch.write_text(text)
        seen.add(kernels.cache_path(Other('x', '', 'p', ('x',), str(series.parent)), version))
    assert len(seen) == 4
