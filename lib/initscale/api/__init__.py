"""The public interface: functions of any PyTorch module or tensor. ``initscale`` offers them by name."""
