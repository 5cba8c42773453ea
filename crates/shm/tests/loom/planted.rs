//! Each planted bug is found by a model. A model that finds nothing wrong in wrong code proves nothing.
//!
//! The model runs in a process of its own with `PLANT` set, since it ends in a panic, often in the middle of another.

use std::process::Command;

fn caught(plant: &str, model: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", model, "--test-threads", "1"])
        .env("PLANT", plant)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("running 1 test"), "there is no model {model}");
    assert!(
        !output.status.success(),
        "{model} does not see the planted bug: {plant}"
    );
}

macro_rules! planted {
    ($($test:ident: $plant:literal => $model:literal;)*) => {
        $(#[test]
        fn $test() {
            caught($plant, $model);
        })*
    };
}

planted! {
    hold_bumps_no_version: "hold bumps no version" => "block::a_hand_over_is_not_overlooked";
    drop_reads_one_word: "drop reads one word" => "block::a_hand_over_is_not_overlooked";
    live_before_held: "live before held" => "block::alloc_and_free";
    garbage_is_not_looked_for: "garbage is not looked for" => "block::alloc_and_free";
    bit_cleared_before_transit: "bit cleared before transit" => "queue::move_while_another_is_repaired";
    locks_open_before_the_judgement: "locks open before the judgement" => "queue::move_taker_killed";
    commit_before_payload: "commit before payload" => "queue::push_is_exact";
    numbers_are_not_settled: "numbers are not settled" => "queue::pop_is_exact";
    taker_forgets_waiters: "taker forgets waiters" => "locks::three_wait_for_one";
    unlock_without_wake: "unlock without wake" => "locks::mutex_is_exclusive_and_told";
    death_is_not_told: "death is not told" => "locks::mutex_is_exclusive_and_told";
    newcomer_passes_by: "newcomer passes by" => "locks::fair_mutex_is_for_those_who_waited";
    armed_after_the_look: "armed after the look" => "locks::async_waiter_is_woken";
    supervisor_does_not_ring: "supervisor does not ring" => "locks::bell_loses_no_wake";
    waker_resets_the_sleep_word: "waker resets the sleep word" => "queue::consumer_sleeps_and_wakes";
    push_rings_nobody: "push rings nobody" => "queue::consumer_sleeps_and_wakes";
    close_wakes_nobody: "close wakes nobody" => "queue::producers_end";
    dead_producer_is_not_counted: "dead producer is not counted" => "queue::producers_end";
    pin_lets_go_at_once: "pin lets go at once" => "refs::sender_killed";
    refs_of_the_dead_are_not_pinned: "refs of the dead are not pinned" => "refs::sender_killed";
    generation_before_the_word: "generation before the word" => "slots::the_end_of_a_thread_is_told";
    end_tells_nobody: "end tells nobody" => "ends::the_last_holder_closes";
    end_wakes_nobody: "end wakes nobody" => "ends::all_is_read_before_the_end_of_file";
    end_is_told_without_a_nonce: "end is told without a nonce" => "ends::a_ring_that_is_something_else_by_now_is_left_alone";
    end_of_file_without_a_second_look: "end of file without a second look" => "ends::all_is_read_before_the_end_of_file";
    taker_does_not_tell_the_sender: "taker does not tell the sender" => "ends::a_sender_hears_that_its_end_was_taken";
    last_report_wakes_nobody: "last report wakes nobody" => "ends::a_joiner_hears_the_last_report";
    reports_pass_what_was_put: "reports pass what was put" => "ends::reports_do_not_pass_what_was_put";
    a_pulse_is_not_seen: "a pulse is not seen" => "event::a_pulse_wakes_who_waits";
    event_rings_nobody: "event rings nobody" => "event::set_wakes_event_loops";
    event_looks_before_it_arms: "event looks before it arms" => "event::set_wakes_event_loops";
    event_arms_nobody: "event arms nobody" => "event::set_wakes_event_loops";
    a_release_wakes_nobody: "a release wakes nobody" => "semaphore::permits_are_exclusive";
    permits_of_the_dead_are_lost: "permits of the dead are lost" => "semaphore::permits_are_exclusive";
    the_woken_wakes_no_other: "the woken wakes no other" => "semaphore::two_releases_wake_two";
    who_gives_up_wakes_nobody: "who gives up wakes nobody" => "semaphore::who_gives_up_swallows_no_wake";
    no_look_after_the_announcement: "no look after the announcement" => "semaphore::event_loops_are_woken";
    a_refused_release_keeps: "a refused release keeps what it reserved" => "semaphore::several_are_released_or_none";
    newcomer_takes_a_permit: "newcomer takes a permit kept for others" => "semaphore::a_fair_permit_is_for_those_who_waited";
    a_reader_looks_first: "a reader looks first" => "rwlock::a_reader_and_a_writer";
    a_dead_reader_reads_on: "a dead reader reads on" => "rwlock::a_reader_and_a_writer";
    a_reader_leaves_silently: "a reader leaves silently" => "rwlock::a_reader_and_a_writer";
    all_deaths_are_told: "all deaths are told" => "rwlock::a_reader_and_a_writer";
    notify_rings_nobody: "notify rings nobody" => "condition::a_notify_wakes";
    notified_and_not_armed: "notified and not armed" => "condition::a_notify_wakes";
    the_dead_keep_their_notify: "the dead keep their notify" => "condition::the_dead_swallow_no_notify";
    who_leaves_takes_no_notify: "who leaves takes no notify along" => "condition::who_leaves_swallows_no_notify";
    the_last_rings_nobody: "the last rings nobody" => "barrier::two_go_on_together";
    a_dead_party_is_not_missed: "a dead party is not missed" => "barrier::two_go_on_together";
    a_break_is_not_noted: "a break is not noted" => "barrier::a_break_is_for_all_of_its_generation";
    stale_child_overwrites: "stale child overwrites" => "slots::claim_dies_with_its_claimer";
}
