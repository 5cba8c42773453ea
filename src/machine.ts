import { native } from './native';

/** Logical CPUs of the machine (Python: cpu_count). */
export function cpuCount(): number {
  return native.cpuCount();
}

/**
 * CPUs that this process may use: its affinity mask and its cgroup's quota respected, rounded up, at least 1
 * (Python: os.process_cpu_count). The default size of a pool.
 */
export function availableCpuCount(): number {
  return native.availableCpuCount('/');
}
