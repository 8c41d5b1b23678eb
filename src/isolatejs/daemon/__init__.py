"""The daemon: owns launcher, pool, leases and namespaces for many clients, and never sees a guest's bytes."""
