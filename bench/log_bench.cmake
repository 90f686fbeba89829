runnel_bench_link(log_bench runnel::log runnel::record)
