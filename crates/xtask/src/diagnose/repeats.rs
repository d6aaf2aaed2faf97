//! Made-up systems on which faults come back: what memory is worth where a repeat is hard to tell by itself.
//!
//! Settings, all published here: each system (as in [`super::cascades`]) has so many days; on each of them one fault, of the given force in
//! hundredths of the one said there, with traffic of its own. Three days in four bring back one of four faults that the system is prone to, the
//! others a fault that it never had, of another service or another kind. Memory is of one system and learns each day after it is judged.
//! Nothing of the method was chosen on these systems.

use super::cascades::{BEGINS, Fault, World};
use super::memory::Replay;
use super::random::Random;
use seam_diagnose::Suspect;

const SECOND: i64 = 1_000_000_000;
/// Faults that a system is prone to.
const PRONE: usize = 4;

pub fn run(systems: u64, days: u64, force: u64, seed: u64, list: bool) -> Result<String, String> {
    let (mut given, mut searched) = (Replay::default(), Replay::default());
    for system in 0..systems {
        let of = seed * 7_000_003 + system;
        let plain = World::plain(of);
        let mut random = Random::new(of ^ 0x5eed);
        let mut possible = plain.possible();
        for at in (1..possible.len()).rev() {
            possible.swap(at, random.below(at as u64 + 1) as usize);
        }
        let (prone, fresh) = possible.split_at(PRONE.min(possible.len()));
        let mut fresh: Vec<(usize, Fault)> = fresh.to_vec();
        // What one system taught says nothing of the next: they have the same names.
        given.forget();
        searched.forget();
        for day in 0..days {
            let fault = match fresh.is_empty() || day % 4 != 3 {
                true => prone[random.below(prone.len() as u64) as usize],
                false => fresh.remove(0),
            };
            let world = World::day(of, of * 1_009 + day, fault, force as f64 / 100.0);
            let (name, kind) = (World::name(fault.0), format!("{:?}", fault.1));
            let right = |s: &Suspect| s.service == name;
            for (replay, at) in [(&mut given, Some(BEGINS + 60 * SECOND)), (&mut searched, None)] {
                let found = world.answer(at);
                let all: Vec<Suspect> = found.suspects.iter().chain(&found.weak).cloned().collect();
                replay.solve(&format!("system {system} day {day}"), &all, &name, &kind, &right);
            }
        }
    }
    let head = format!("{systems} systems of {days} days, force {force} %, seed {seed}\n");
    Ok(head + &given.told("memory", list) + &searched.told("memory, time not given", list))
}
