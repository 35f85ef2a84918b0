#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    microprolly_engine_fuzz::log_record(data);
});
