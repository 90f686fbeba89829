runnel_bench_link(broker_bench runnel::broker)
