"""Managed browsers: a confined Chromium and driver for each tenant, with the fetch policy as the only way out."""
