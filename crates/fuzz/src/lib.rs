//! Fuzz targets stand in `targets`.
