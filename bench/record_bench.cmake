runnel_bench_link(record_bench runnel::record PkgConfig::LZ4)
