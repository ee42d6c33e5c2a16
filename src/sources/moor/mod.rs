//! 7moor 容联七陌, online skill groups (`vendor-docs/moor-skill-groups.txt`). Only the two reading endpoints.
