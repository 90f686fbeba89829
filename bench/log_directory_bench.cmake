runnel_bench_link(log_directory_bench runnel::log runnel::record)
