runnel_bench_link(producer_bench runnel::runnel)
