"""Which names are mounts besides those of the provider rows. Pure; imports `cassettes`."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def extra_mounts(upstreams: Mapping[str, str] | Collection[str]) -> frozenset[str]:
    """The names among `upstreams` that are no provider rows: they are mounted with dialect raw. A name on a tape may be
    any: one that would take a path from others is no mount."""
    from cassettes import providers

    return frozenset(name for name in upstreams if providers.lookup(name) is None and providers.mountable(name))
