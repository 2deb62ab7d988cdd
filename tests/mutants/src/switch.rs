//! Which mutant this library is: in the copy that pybuffer-mutants makes.
//!
//! PYBUFFER_MUTANT is its number; 0 or none is the library itself. With "reached", which is the library itself, too, each place that a
//! mutant would change is noted when it is reached: a byte of the file PYBUFFER_MUTANTS_REACHED, which all processes map.

const MUTANTS: usize = 0;

static mut MUTANT: u32 = 0;
static mut REACHED: *mut u8 = core::ptr::null_mut();

const NOTE: u32 = u32::MAX;

#[inline]
pub(crate) const fn is(number: u32) -> bool {
    const fn never(_: u32) -> bool {
        false
    }
    #[inline]
    fn asked(number: u32) -> bool {
        // SAFETY: written before anything else runs.
        let mutant = unsafe { MUTANT };
        if mutant == NOTE {
            note(number);
        }
        mutant == number && number != 0
    }
    core::intrinsics::const_eval_select((number,), never, asked)
}

#[cold]
#[inline(never)]
fn note(number: u32) {
    // SAFETY: the file has a byte for each mutant; a lost race writes the same.
    unsafe { REACHED.add(number as usize).write_volatile(1) };
}

#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = {
    extern "C" fn start() {
        // SAFETY: no other thread is there yet; the strings are literals.
        unsafe {
            let number = libc::getenv(c"PYBUFFER_MUTANT".as_ptr());
            if number.is_null() {
                return;
            }
            if libc::strcmp(number, c"reached".as_ptr()) != 0 {
                MUTANT = libc::strtoul(number, core::ptr::null_mut(), 10) as u32;
                return;
            }
            let path = libc::getenv(c"PYBUFFER_MUTANTS_REACHED".as_ptr());
            let file = libc::open(path, libc::O_RDWR);
            let map = libc::mmap(
                core::ptr::null_mut(),
                MUTANTS,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file,
                0,
            );
            if file < 0 || map == libc::MAP_FAILED {
                libc::abort();
            }
            REACHED = map.cast();
            MUTANT = NOTE;
            libc::close(file);
        }
    }
    start
};
