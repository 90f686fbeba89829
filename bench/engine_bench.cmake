runnel_bench_link(engine_bench runnel::runnel)
