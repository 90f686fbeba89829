runnel_bench_link(kv_bench runnel::kv)
