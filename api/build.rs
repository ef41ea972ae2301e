//! Takes out of the packaged Swagger UI the few files that `/docs` needs, each as a gzip file. A zip
//! archive holds what gzip holds, with other words around it: nothing is compressed anew. And says how
//! the program is to be linked.

use std::{env, error::Error, fs, path::PathBuf, process::Command};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED as ARCHIVE;

const WANTED: [&str; 4] = ["dist/swagger-ui-bundle.js", "dist/swagger-ui.css", "LICENSE", "NOTICE"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR")?);
    for wanted in WANTED {
        let file = gzip(ARCHIVE, wanted).ok_or_else(|| format!("no {wanted} in Swagger UI"))?;
        let name = wanted.rsplit('/').next().unwrap_or(wanted);
        fs::write(folder.join(format!("{name}.gz")), file)?;
    }
    if env::var_os("PROFILE").is_some_and(|profile| profile == "release") && packs_relocations() {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    Ok(())
}

/// Where every pointer of the program is that the loader has to move: 0.7 MB as a list, which stays in
/// memory, a few kB packed. glibc reads that since 2.36, and no program may be run with an older glibc
/// than the one that it was built with.
fn packs_relocations() -> bool {
    env::var_os("TARGET") == env::var_os("HOST")
        && glibc().is_some_and(|version| version >= (2, 36))
}

/// The version of this machine's; `None` where there is another library.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The file of that path below the archive's one folder, as RFC 1952 wants it.
fn gzip(archive: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let end = archive.windows(4).rposition(|bytes| bytes == b"PK\x05\x06")?;
    let mut entry = number(archive, end + 16, 4)?;
    while archive.get(entry..entry + 4)? == b"PK\x01\x02" {
        let sizes = [28, 30, 32].map(|at| number(archive, entry + at, 2));
        let [name_size, extra, comment] = sizes;
        let (name_size, rest) = (name_size?, extra? + comment?);
        let name = archive.get(entry + 46..entry + 46 + name_size)?;
        let below = name.splitn(2, |byte| *byte == b'/').nth(1);
        if below == Some(wanted.as_bytes()) {
            return wrapped(archive, entry);
        }
        entry += 46 + name_size + rest;
    }
    None
}

fn wrapped(archive: &[u8], entry: usize) -> Option<Vec<u8>> {
    let (method, packed) = (number(archive, entry + 10, 2)?, number(archive, entry + 20, 4)?);
    let local = number(archive, entry + 42, 4)?;
    let start = local + 30 + number(archive, local + 26, 2)? + number(archive, local + 28, 2)?;
    let data = archive.get(start..start + packed)?;
    let mut file = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    match method {
        8 => file.extend_from_slice(data),
        // Stored as it is: one last block of that kind, its length and the length's complement.
        0 => {
            let size = u16::try_from(packed).ok()?;
            file.push(1);
            file.extend(size.to_le_bytes());
            file.extend((!size).to_le_bytes());
            file.extend_from_slice(data);
        }
        _ => return None,
    }
    // The checksum and the size of what is in it: the same in both formats.
    file.extend_from_slice(archive.get(entry + 16..entry + 20)?);
    file.extend_from_slice(archive.get(entry + 24..entry + 28)?);
    Some(file)
}

/// A little-endian number of so many bytes.
fn number(archive: &[u8], at: usize, size: usize) -> Option<usize> {
    let bytes = archive.get(at..at + size)?.iter().rev();
    Some(bytes.fold(0, |number, byte| (number << 8) | usize::from(*byte)))
}
