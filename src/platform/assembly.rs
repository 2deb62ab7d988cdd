//! What processors and object formats differ in: the instruction that hands a call on, and names that `abi/glue.c` knows.

/// The body of a function that hands its call on to `target`, with every register as it is.
#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
macro_rules! jump {
    () => {
        "jmp {target}"
    };
}
#[cfg(any(target_arch = "aarch64", target_arch = "arm", target_arch = "loongarch64"))]
macro_rules! jump {
    () => {
        "b {target}"
    };
}
#[cfg(any(target_arch = "riscv64", target_arch = "riscv32"))]
macro_rules! jump {
    () => {
        "tail {target}"
    };
}
#[cfg(target_arch = "s390x")]
macro_rules! jump {
    () => {
        "jg {target}"
    };
}
// The function that is called finds its table of contents by register 12, which has to hold its address. Neither that nor
// register 2 says anything here, so the address is made of this place's own.
#[cfg(target_arch = "powerpc64")]
macro_rules! jump {
    () => {
        "mflr 0
         bcl 20, 31, 7f
      7: mflr 12
         mtlr 0
         addis 12, 12, ({target} - 7b)@ha
         addi 12, 12, ({target} - 7b)@l
         mtctr 12
         bctr"
    };
}

/// Gives a function a name that `glue.c` can call it by and that the library does not export.
#[cfg(not(any(windows, target_vendor = "apple")))]
macro_rules! name_for_glue {
    ($name:literal, $function:path) => {
        core::arch::global_asm!(
            ".pushsection .text",
            concat!(".globl ", $name),
            concat!(".hidden ", $name),
            concat!(".type ", $name, ", %function"),
            concat!($name, ":"),
            $crate::platform::assembly::jump!(),
            ".popsection",
            target = sym $function,
        );
    };
}
#[cfg(target_vendor = "apple")]
macro_rules! name_for_glue {
    ($name:literal, $function:path) => {
        core::arch::global_asm!(
            ".section __TEXT,__text",
            concat!(".globl _", $name),
            concat!(".private_extern _", $name),
            ".p2align 2",
            concat!("_", $name, ":"),
            $crate::platform::assembly::jump!(),
            target = sym $function,
        );
    };
}
#[cfg(windows)]
macro_rules! name_for_glue {
    ($name:literal, $function:path) => {
        core::arch::global_asm!(
            ".text",
            concat!(".globl ", $name),
            concat!($name, ":"),
            $crate::platform::assembly::jump!(),
            target = sym $function,
        );
    };
}

pub(crate) use {jump, name_for_glue};
